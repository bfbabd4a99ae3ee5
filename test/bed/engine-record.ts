import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The network an engine gets: none at all, a bridge in the host's namespace, or a namespace of its own with docker0 in it. */
export type EngineNetwork = "none" | "bridge" | "netns";

/** How to start an engine. */
export interface EngineOptions {
  readonly name: string;
  readonly network?: EngineNetwork;
  /** GPUs to simulate, as in "A100-80GB:3g.40gb+2g.20gb 3xA100-80GB"; without it the engine knows no nvidia driver. */
  readonly nvidia?: string;
  readonly liveRestore?: boolean;
  /** Load the bed's images; true unless told otherwise. */
  readonly images?: boolean;
  /** Makes `nvidia` the default runtime, as some GPU servers have it. */
  readonly nvidiaDefaultRuntime?: boolean;
  /** Puts the data root on a tmpfs of this size (as `24m`), so that a test can fill the disk. */
  readonly tmpfsSize?: string;
  readonly dockerdArguments?: readonly string[];
  /** Keep the engine when the process that started it dies; true for the command line, false for tests. */
  readonly keep?: boolean;
}

/** A process named so that a reused pid is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** What engine.json holds. */
export interface EngineRecord {
  readonly options: EngineOptions;
  readonly owner: ProcessIdentity;
  readonly ready: boolean;
  readonly anchor?: ProcessIdentity;
  readonly daemon?: ProcessIdentity;
}

const prefix = "ds01-bed-";

/** The cgroup and folder name of an engine. */
export function bedName(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,40}$/.test(name)) {
    throw new Error(
      `engine name ${JSON.stringify(name)} is not usable: use lower-case letters, digits and dashes, at most 41`,
    );
  }
  return `${prefix}${name}`;
}

/** The folder that holds everything of an engine. */
export function engineDirectory(name: string): string {
  return join(tmpdir(), bedName(name));
}

/** The names of the engines that left a folder here, running or not. */
export function engineNames(): string[] {
  return readdirSync(tmpdir())
    .filter((entry) => /^ds01-bed-[a-z0-9][a-z0-9-]*$/.test(entry))
    .map((entry) => entry.slice(prefix.length));
}

/** Takes the name by creating its folder with the record inside, in one atomic step; false when somebody has it. */
export function claim(record: EngineRecord): boolean {
  const draft = mkdtempSync(join(tmpdir(), `.${bedName(record.options.name)}.`));
  writeFileSync(join(draft, "engine.json"), JSON.stringify(record, null, 2));
  for (const folder of ["data", "exec", "bin"]) mkdirSync(join(draft, folder));
  try {
    renameSync(draft, engineDirectory(record.options.name));
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST"))
      return false;
    throw error;
  }
}

/** Reads an engine's record; nothing when there is no such engine or its record is unreadable. */
export function readRecord(name: string): EngineRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(engineDirectory(name), "engine.json"), "utf8")) as EngineRecord;
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && "code" in error && error.code === "ENOENT")
    )
      return undefined;
    throw error;
  }
}

/** Replaces an engine's record atomically. */
export function writeRecord(record: EngineRecord): void {
  const path = join(engineDirectory(record.options.name), "engine.json");
  writeFileSync(`${path}.new`, JSON.stringify(record, null, 2));
  renameSync(`${path}.new`, path);
}

/** The identity of a living process, or nothing when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    if (fields[0] === "Z" || fields[19] === undefined) return undefined;
    return { pid, startTicks: fields[19] };
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}

/** Whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identify(identity.pid)?.startTicks === identity.startTicks;
}
