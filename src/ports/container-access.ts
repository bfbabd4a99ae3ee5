import type { Duplex, Readable } from "node:stream";

export interface LogOptions {
  readonly follow: boolean;
  readonly tail: number | null;
  readonly timestamps: boolean;
  readonly sinceSeconds: number | null;
  /** Only what was written at this time or later; milliseconds since the epoch. */
  readonly sinceTime: number | null;
  /** What was written before the last start, instead of what was written since. */
  readonly previous: boolean;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** A running exec, or the container's own process: raw bytes with a tty, Docker-demultiplexed streams without. */
export interface ExecSession {
  readonly stdin: Duplex;
  readonly stdout: Readable;
  /** Absent with a tty: everything comes on stdout. */
  readonly stderr: Readable | null;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the exit code when the streams have ended. */
  wait(): Promise<number>;
}

/** What a container uses now. */
export interface ContainerUse {
  /** CPUs in use, over `windowMs`. */
  readonly cpus: number;
  readonly windowMs: number;
  /** Without what is only cached. */
  readonly memoryBytes: number;
  readonly pids: number | null;
}

/** Logs, exec and attach, which only the API server needs; apart from ContainerRuntime to keep that small. */
export interface ContainerAccess {
  /** Log bytes, demultiplexed and merged in order of arrival. */
  logs(idOrName: string, options: LogOptions, signal: AbortSignal): Promise<Readable>;
  exec(idOrName: string, options: ExecOptions): Promise<ExecSession>;
  /**
   * The streams of the container's own process from now on; `wait` gives its exit code, or 0 when only the
   * connection has ended.
   */
  attach(idOrName: string, options: { readonly stdin: boolean }): Promise<ExecSession>;
  /** A connection to a TCP port at the container's own address; ConflictError where nothing listens. */
  dial(idOrName: string, port: number): Promise<Duplex>;
  /** Takes a second; null for a container that does not run. */
  use(idOrName: string): Promise<ContainerUse | null>;
}
