import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the kernel tells of a process. */
export interface ProcessSample {
  readonly at: number;
  readonly residentBytes: number;
  /** Open descriptors by what they are: socket, pipe, file, inotify... */
  readonly descriptors: Readonly<Record<string, number>>;
  readonly children: number;
  readonly threads: number;
  readonly cpuMs: number;
}

/** Reads it from /proc. */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return {
    at: Date.now(),
    residentBytes: field("VmRSS") * 1024,
    descriptors: descriptorsOf(pid),
    children: childrenOf(pid),
    threads: field("Threads"),
    cpuMs: cpuMsOf(pid),
  };
}

/** All descriptors of a sample together. */
export function descriptorCount({ descriptors }: ProcessSample): number {
  return Object.values(descriptors).reduce((sum, count) => sum + count, 0);
}

/** User and system time of a process and of its children that have ended, in milliseconds (ticks of 10 ms). */
function cpuMsOf(pid: number): number {
  const fields = statFields(pid);
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

/** The fields of /proc/PID/stat after the name, which may hold anything; the first is the state. */
function statFields(pid: number | string): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function childrenOf(pid: number): number {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((name) => unlessGone(() => statFields(name), [])[1] === String(pid)).length;
}

function descriptorsOf(pid: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${name}`), "");
    if (target === "") continue;
    const kind = target.startsWith("/") ? "file" : target.replace(/:\[\d+\]$/, "").replace("anon_inode:", "");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Bytes and files below a folder. */
export function sampleFolder(folder: string): { readonly bytes: number; readonly files: number } {
  let [bytes, files] = [0, 0];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    bytes += unlessGone(() => statSync(join(entry.parentPath, entry.name)).size, 0);
  }
  return { bytes, files };
}

/** What is looked at may end in the midst of it. */
function unlessGone<Value>(read: () => Value, gone: Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return gone;
    throw error;
  }
}
