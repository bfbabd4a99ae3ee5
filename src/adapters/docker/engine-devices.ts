import type { EngineDevices } from "../../core/schedule/injection.ts";
import { engineLimits, type EngineLimit } from "../../core/quota/engine-limits.ts";
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
  readonly CgroupVersion?: string;
  readonly SwapLimit?: boolean;
  readonly Warnings?: readonly string[] | null;
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
    cannotLimit: cannotLimit(info),
  };
}

/**
 * What the engine would discard with a warning at create. Of weights on cgroup v1 newer engines say nothing; kernels
 * have none there since 5.0, which took CFQ out.
 */
function cannotLimit({
  SwapLimit: limitsSwap,
  Warnings: warnings,
  CgroupVersion: version,
  KernelVersion: kernel,
}: InfoJson): readonly EngineLimit[] {
  const warns = (pattern: RegExp): boolean => (warnings ?? []).some((warning) => pattern.test(warning));
  const hasNoCfq = version !== "2" && Number.parseInt(kernel ?? "0", 10) >= 5;
  const lacking: Readonly<Record<EngineLimit, boolean>> = {
    memorySwap: limitsSwap === false,
    "io.weight": hasNoCfq || warns(/No (?:blkio|io\.) ?weight support/i),
    "io.devices": warns(/No (?:blkio throttle\.(?:read|write)_|io\.max )/i),
  };
  return engineLimits.filter((limit) => lacking[limit]);
}

/** True when a start failed because the engine knows no driver of NVIDIA's name. */
export function saysHookMissing(error: unknown): boolean {
  return error instanceof Ds01Error && /could not select device driver "nvidia[^"]*"/i.test(error.message);
}
