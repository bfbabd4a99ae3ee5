import type { GpuState } from "./gpu.ts";

/** Answer of `GET .../gpus/NAME/availability` (`ds01 gpu check`): whether a device may be used now. */
export interface GpuAvailability {
  readonly slot: string;
  readonly uuid: string;
  readonly model: string;
  /** MIG profile of a slice; null for a whole GPU. */
  readonly profile: string | null;
  readonly state: GpuState;
  readonly available: boolean;
  /** Everything that speaks against it; empty when it is available. */
  readonly obstacles: readonly GpuObstacle[];
  /** When the device was looked at (RFC 3339). */
  readonly checkedAt: string;
}

export interface GpuObstacle {
  /** CamelCase: GpuStackNotReady, MigEnabled, Unhealthy, Allocated, Held, InUse, ... */
  readonly reason: string;
  readonly message: string;
}

/** A process with work on a device. */
export interface GpuProcessLine {
  readonly pid: number;
  readonly name: string;
  /** Login name of who runs it; null when unknown. */
  readonly user: string | null;
  readonly memoryBytes: number | null;
  /** `alice/train` for one of ds01's, else the name of the container; null for a process of the host. */
  readonly container: string | null;
  /** Whose container it is, where that is known. */
  readonly owner: string | null;
}

/** Answer of `GET .../gpus/NAME/details`: what `ds01 describe gpu` tells beside the Gpu object. */
export interface GpuDetails {
  readonly slot: string;
  readonly uuid: string;
  /** What ends the holder's time: `maxRuntime`, `holdGpuAfterStop`; null when nobody knows. */
  readonly untilCause: string | null;
  readonly processes: readonly GpuProcessLine[];
  /** Ways to the other GPUs, in slot order; null while the topology is not known. */
  readonly links: readonly { readonly slot: string; readonly way: string }[] | null;
  /** What waits and could take this device, by place in the queue. */
  readonly waiting: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly position: number;
    readonly eta: string | null;
  }[];
}

/** Answer of `GET .../usage/gpus` (`ds01 top gpus`): what goes on right now. */
export interface GpuUsage {
  readonly ready: boolean;
  readonly message: string;
  readonly devices: readonly GpuUsageLine[];
}

export interface GpuUsageLine {
  readonly slot: string;
  readonly uuid: string;
  readonly model: string;
  readonly profile: string | null;
  readonly memoryBytes: number;
  readonly memoryUsedBytes: number | null;
  readonly utilizationPercent: number | null;
  readonly state: GpuState;
  /** `alice/train`, or whoever else keeps it from being free; null when nobody does. */
  readonly holder: string | null;
  readonly processes: readonly GpuProcessLine[];
}
