/**
 * What was read of one container at one moment. A number that could not be read is null, one that does not exist for
 * this container (the network of the host is not its own) is absent. Counters grow over the life of the container.
 */
export interface ActivityReading {
  /** Milliseconds since the machine was started: a clock that is never set and stands still while it sleeps. */
  readonly uptimeMs: number;
  /** Of each GPU it holds. */
  readonly gpus: readonly GpuReading[];
  /** CPU time that its processes have used. */
  readonly cpuMs: number | null;
  /** Bytes received and sent. */
  readonly networkBytes?: number | null;
  /** Bytes that its processes have read and written, files and pipes. */
  readonly ioBytes?: number | null;
  /** When one of its terminals was last typed at or written to; only ever compared. 0: it has none. */
  readonly terminalStamp?: number | null;
  /** Why it is to count as busy, whatever it does; absent: nothing says so. */
  readonly keptAlive?: string;
}

/** Of one GPU or slice. */
export interface GpuReading {
  /** Most that it was used since the last look; null for a slice, which nobody can tell it of, and when it failed. */
  readonly percent: number | null;
  /** Processes that compute on it; null when that could not be read. */
  readonly processes: number | null;
}

/** Unknown is never quiet. */
export type Activity = "busy" | "quiet" | "unknown";

/** One kind of sign of life. */
export interface Signal {
  readonly name: "GPU" | "CPU" | "network" | "I/O" | "terminal" | "keep-alive";
  readonly activity: Activity;
  /** `GPU 0 %` */
  readonly text: string;
}
