import type { CannotLimit } from "../quota/engine-limits.ts";
import type { Attachment, Device } from "./device.ts";

/** How devices came into a container, as its label says. */
export const injections = [
  "cdi",
  "hook",
  "runtime",
  "devices",
  "simulated",
  "none",
] as const satisfies Attachment["injection"][];
export type Injection = (typeof injections)[number];

/** How an admin wants NVIDIA devices passed in; `auto` goes by what the engine says. */
export const injectionChoices = ["auto", "cdi", "hook", "runtime"] as const;
export type InjectionChoice = (typeof injectionChoices)[number];

/** A way of passing NVIDIA devices into a container. */
export type NvidiaInjection = Exclude<InjectionChoice, "auto">;

/** What the engine says of itself that decides how devices are passed in. */
export interface EngineDevices {
  /** Such as `28.5.2`; empty before the engine was asked. */
  readonly version: string;
  /** Full names of the CDI devices it has discovered, such as `nvidia.com/gpu=0`. */
  readonly cdiDevices: readonly string[];
  /** Names of its OCI runtimes. */
  readonly runtimes: readonly string[];
  /** `systemd` or `cgroupfs`; empty when unknown. */
  readonly cgroupDriver: string;
  /** Directory with all that it keeps (`DockerRootDir`); empty when unknown. */
  readonly dataRoot: string;
  /** True once it has refused a start because it knows no driver `nvidia`: the hook is not installed. */
  readonly hookMissing: boolean;
  /** Limits of containers that it cannot keep; null before it was asked. */
  readonly cannotLimit: CannotLimit;
}

export const unaskedEngine: EngineDevices = {
  version: "",
  cgroupDriver: "",
  dataRoot: "",
  cdiDevices: [],
  runtimes: [],
  hookMissing: false,
  cannotLimit: null,
};

/** What decides how devices are passed in. */
export interface InjectionFacts {
  readonly engine: EngineDevices;
  readonly choice: InjectionChoice;
  /** How an existing container was made: it is compared with one that is made the same way; null for a new one. */
  readonly made: Injection | null;
}

export const unknownInjection: InjectionFacts = { engine: unaskedEngine, choice: "auto", made: null };

/** The CDI name of an NVIDIA device; the toolkit writes one by UUID for every GPU and slice. */
export function nvidiaCdiName({ uuid }: Pick<Device, "uuid">): string {
  return `nvidia.com/gpu=${uuid}`;
}

/**
 * CDI when the engine lists every device, for nothing takes those away again; else NVIDIA's hook, and the NVIDIA
 * runtime where the engine has no hook.
 */
export function nvidiaInjection(
  devices: readonly Device[],
  { engine, choice, made }: InjectionFacts,
): NvidiaInjection {
  if (made === "cdi" || made === "hook" || made === "runtime") return made;
  if (choice !== "auto") return choice;
  const listed = new Set(engine.cdiDevices);
  if (devices.every((device) => listed.has(nvidiaCdiName(device)))) return "cdi";
  return engine.hookMissing && engine.runtimes.includes("nvidia") ? "runtime" : "hook";
}

/** True when an engine version such as `29.2.1` is that or newer; false for one that cannot be read. */
export function isEngineAtLeast(version: string, major: number, minor: number): boolean {
  const [, foundMajor, foundMinor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (foundMajor === undefined || foundMinor === undefined) return false;
  return Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor);
}
