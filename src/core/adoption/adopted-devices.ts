import type { GpuRequest } from "../../api/gpu-request.ts";
import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import type { Device } from "../schedule/device.ts";
import { resolveReference } from "../schedule/device-reference.ts";
import type { Injection } from "../schedule/injection.ts";
import type { FurtherSettings } from "./further-settings.ts";
import { namedDevices } from "./named-devices.ts";

/** The GPUs of a container that is to be adopted; nothing of it is guessed. */
export type AdoptedDevices =
  | {
      readonly devices: readonly Device[];
      readonly request: GpuRequest | null;
      readonly injection: Injection;
    }
  | { readonly refusal: string; readonly remedy: string };

/** Which devices Docker has given to it, as the GPU stack knows them now. */
export function adoptedDevices(
  container: ObservedContainer,
  { deviceDrivers }: FurtherSettings,
  stack: { readonly ready: boolean; readonly message: string; readonly devices: readonly Device[] },
): AdoptedDevices {
  const { all, ids } = container.gpuClaims;
  const written = labelledGpus(container);
  if (!all && ids.length === 0) {
    if (written.length === 0) return { devices: [], request: null, injection: "none" };
    return {
      refusal: `its labels name GPUs (${written.join(", ")}) and Docker has given it none`,
      remedy: "make it anew from a spec",
    };
  }
  if (!stack.ready) {
    const remedy = "try again when it answers: ds01 doctor";
    return { refusal: `it has GPUs, and the GPU stack does not answer (${stack.message})`, remedy };
  }
  const names = all ? "all" : ids.join(", ");
  const devices = namedDevices(container.gpuClaims, stack.devices);
  if (devices === null || devices.length === 0) {
    const remedy = "compare `docker inspect` with `ds01 get gpus`";
    return { refusal: `Docker has given it GPUs called ${names}, which is none that is here`, remedy };
  }
  const contradiction = contradicted(written, devices, stack.devices);
  if (contradiction !== null) return contradiction;
  const request = requestFor(devices);
  if (request === null) {
    const slots = devices.map(({ slot }) => slot).join(", ");
    const remedy = "make it anew from a spec that asks for devices of one kind";
    return { refusal: `a spec cannot ask for what it has (${names}, here ${slots})`, remedy };
  }
  return { devices, request, injection: injectionOf(deviceDrivers) };
}

/** `device=GPU-1,GPU-2`, `0`, `all`: whichever tool wrote it. */
function labelledGpus({ labels: own }: ObservedContainer): readonly string[] {
  const text = own[labels.gpuUuids] ?? own["ds01.gpu.uuid"] ?? "";
  const names = text.split(",").map((name) => name.trim());
  return names.filter((name) => name !== "" && name !== "none");
}

/** Docker is the truth; a label that says something else shows that nobody knows what goes on there. */
function contradicted(
  written: readonly string[],
  devices: readonly Device[],
  known: readonly Device[],
): Extract<AdoptedDevices, { refusal: string }> | null {
  if (written.length === 0) return null;
  const meant = new Set(written.flatMap((name) => resolveReference(name, known) ?? []));
  if (meant.size === devices.length && devices.every((device) => meant.has(device))) return null;
  const slots = devices.map(({ slot }) => slot).join(", ");
  return {
    refusal: `its labels name the GPUs ${written.join(", ")}, and Docker has given it ${slots}`,
    remedy: "make it anew from a spec",
  };
}

/** Whole GPUs, or slices of one profile; null for what no spec asks for. */
function requestFor(devices: readonly Device[]): GpuRequest | null {
  const [first] = devices;
  if (first === undefined) return null;
  const alike = devices.every(
    ({ kind, profile, migEnabled, sharing }) =>
      kind === undefined &&
      profile === first.profile &&
      sharing === undefined &&
      (profile !== null || !migEnabled),
  );
  if (!alike) return null;
  return { count: devices.length, ...(first.profile === null ? {} : { profile: first.profile }) };
}

function injectionOf(drivers: readonly string[]): Injection {
  if (drivers.includes("cdi")) return "cdi";
  return drivers.length === 0 ? "runtime" : "hook";
}
