import type { Device } from "../core/schedule/device.ts";
import {
  isEngineAtLeast,
  nvidiaCdiName,
  type EngineDevices,
  type InjectionChoice,
} from "../core/schedule/injection.ts";
import type { HealthCheck } from "../ports/control-plane.ts";

export interface InjectionCheckInput {
  readonly vendor: string;
  readonly devices: readonly Device[];
  readonly engine: EngineDevices;
  readonly choice: InjectionChoice;
}

const installToolkit =
  "install the NVIDIA Container Toolkit, then `nvidia-ctk runtime configure --runtime=docker` and restart Docker";
const writeCdi =
  "an admin runs `nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml` (again after every change of MIG slices)";

/** The line of `ds01 doctor` on how GPUs come into containers; none where there are no NVIDIA devices. */
export function injectionCheck(input: InjectionCheckInput): readonly HealthCheck[] {
  const devices = input.devices.filter(
    ({ kind, migEnabled, sharing }) =>
      kind === undefined && !migEnabled && (sharing === undefined || sharing.replica === null),
  );
  if (input.vendor !== "nvidia" || devices.length === 0 || input.engine.version === "") return [];
  return [{ name: "GpuInjection", ...judge(input, devices) }];
}

type Verdict = Omit<HealthCheck, "name">;

function judge({ engine, choice }: InjectionCheckInput, devices: readonly Device[]): Verdict {
  const listed = new Set(engine.cdiDevices);
  const missing = devices.filter((device) => !listed.has(nvidiaCdiName(device)));
  switch (choice) {
    case "cdi":
      return forcedCdi(engine, devices, missing);
    case "runtime":
      return byRuntime(engine, "as the configuration says");
    case "hook":
      return byHook(engine, "as the configuration says");
    case "auto":
      break;
  }
  if (missing.length === 0) return fine(`CDI: ${nameOf(engine)} lists all ${devices.length} devices`);
  if (missing.length < devices.length) {
    const slots = missing.map(({ slot }) => slot).join(", ");
    const others = `CDI for ${devices.length - missing.length} of ${devices.length} devices; not listed: GPU ${slots}`;
    return engine.hookMissing && !hasRuntime(engine)
      ? failing(others, writeCdi)
      : fine(`${others}, by the hook`);
  }
  if (engine.hookMissing) return byRuntime(engine, "which has neither NVIDIA's hook nor CDI devices");
  return byHook(engine, "which lists no CDI devices");
}

function forcedCdi(engine: EngineDevices, devices: readonly Device[], missing: readonly Device[]): Verdict {
  if (!isEngineAtLeast(engine.version, 25, 0)) {
    return failing(
      `CDI, as the configuration says, but ${nameOf(engine)} has none`,
      "set gpuInjection: auto",
    );
  }
  // Older ones have CDI and list nothing.
  if (missing.length === 0 || !isEngineAtLeast(engine.version, 28, 2)) {
    return fine(`CDI, as the configuration says (${nameOf(engine)})`);
  }
  const found = `${nameOf(engine)} lists ${devices.length - missing.length} of ${devices.length} devices`;
  return failing(`CDI, as the configuration says, but ${found}`, writeCdi);
}

function byRuntime(engine: EngineDevices, why: string): Verdict {
  return hasRuntime(engine)
    ? fine(`runtime "nvidia" of ${nameOf(engine)}, ${why}`)
    : failing(`${nameOf(engine)} has no runtime "nvidia", ${why}`, installToolkit);
}

function byHook(engine: EngineDevices, why: string): Verdict {
  return engine.hookMissing
    ? failing(`${nameOf(engine)} did not find NVIDIA's hook, ${why}`, installToolkit)
    : fine(`NVIDIA's hook of ${nameOf(engine)}, ${why}`);
}

function hasRuntime({ runtimes }: EngineDevices): boolean {
  return runtimes.includes("nvidia");
}

function nameOf({ version }: EngineDevices): string {
  return `Docker ${version}`;
}

function fine(message: string): Verdict {
  return { ok: true, message, remedy: null };
}

function failing(message: string, remedy: string): Verdict {
  return { ok: false, message, remedy };
}
