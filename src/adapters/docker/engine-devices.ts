import type { EngineDevices } from "../../core/schedule/injection.ts";
import { Ds01Error } from "../../util/errors.ts";

/** What ds01 reads of Docker's answer about itself. */
export interface InfoJson {
  readonly ServerVersion?: string;
  readonly CgroupDriver?: string;
  readonly DockerRootDir?: string;
  readonly DefaultRuntime?: string;
  readonly LoggingDriver?: string;
  readonly Name?: string;
  readonly KernelVersion?: string;
  readonly Runtimes?: Readonly<Record<string, unknown>> | null;
  /** From API 1.50 on; absent before, and where CDI is switched off. */
  readonly DiscoveredDevices?: readonly { readonly Source?: string; readonly ID?: string }[] | null;
}

/** What the engine offers for passing devices in; an engine that says nothing about CDI has none. */
export function engineDevices(info: InfoJson, hookMissing: boolean): EngineDevices {
  const listed = (info.DiscoveredDevices ?? []).filter(({ Source: source }) => source === "cdi");
  return {
    version: info.ServerVersion ?? "",
    cdiDevices: listed.flatMap(({ ID: id }) => id ?? []).toSorted(),
    cgroupDriver: info.CgroupDriver ?? "",
    dataRoot: info.DockerRootDir ?? "",
    runtimes: Object.keys(info.Runtimes ?? {}).toSorted(),
    hookMissing,
  };
}

/** True when a start failed because the engine knows no driver of NVIDIA's name. */
export function saysHookMissing(error: unknown): boolean {
  return error instanceof Ds01Error && /could not select device driver "nvidia[^"]*"/i.test(error.message);
}
