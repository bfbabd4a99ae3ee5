import type { Duplex, Readable } from "node:stream";

export interface LogOptions {
  readonly follow: boolean;
  readonly tail: number | null;
  readonly timestamps: boolean;
  readonly sinceSeconds: number | null;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** A running exec: raw bytes with a tty, Docker-demultiplexed streams without. */
export interface ExecSession {
  readonly stdin: Duplex;
  readonly stdout: Readable;
  /** Absent with a tty: everything comes on stdout. */
  readonly stderr: Readable | null;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the exit code when the streams have ended. */
  wait(): Promise<number>;
}

/** Logs and exec, which only the API server needs; apart from ContainerRuntime to keep that small. */
export interface ContainerAccess {
  /** Log bytes, demultiplexed and merged in order of arrival. */
  logs(idOrName: string, options: LogOptions, signal: AbortSignal): Promise<Readable>;
  exec(idOrName: string, options: ExecOptions): Promise<ExecSession>;
}
