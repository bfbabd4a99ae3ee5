import { lstat, readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import type { ObservedContainer } from "../../core/observed.ts";
import type { ActivityProbe, ContainerActivity } from "../../ports/activity-probe.ts";
import { CgroupOfContainer } from "./cgroup-of-container.ts";

/** A file system that hangs keeps its thread: nothing more is read until it answers. */
const deadlineMs = 5000;
/** With more processes nobody sums up what each has read. */
const mostProcesses = 1000;

export interface ActivityProbeOptions {
  /** Where processes and cgroups are looked up; `/proc` and `/sys/fs/cgroup`. */
  readonly procRoot?: string;
  readonly cgroupRoot?: string;
}

const unknown: ContainerActivity = {
  cpuMs: null,
  networkBytes: null,
  ioBytes: null,
  terminalStamp: null,
  keepAliveAt: null,
};

/** Reads files of the kernel about the processes of a container; for an engine on this machine. */
export function activityProbe({
  procRoot = "/proc",
  cgroupRoot = "/sys/fs/cgroup",
}: ActivityProbeOptions = {}): ActivityProbe {
  let isReading = false;

  async function readAll(container: ObservedContainer, home: string | null): Promise<ContainerActivity> {
    const { id, pid, config } = container;
    if (pid === null) return unknown;
    const cgroup = await CgroupOfContainer.find({ id, pid, procRoot, cgroupRoot });
    // The process of that number may be another one by now, or on another machine.
    if (cgroup === null) return unknown;
    const process = join(procRoot, String(pid));
    const own = config.network !== "host" && config.network !== "none";
    return {
      cpuMs: await orNull(cgroup.cpuMs()),
      ...(own ? { networkBytes: await orNull(networkBytes(process)) } : {}),
      ioBytes: await orNull(cgroup.processes(mostProcesses).then((pids) => ioBytes(procRoot, pids))),
      terminalStamp: await orNull(terminalStamp(join(process, "root/dev/pts"))),
      keepAliveAt: await keepAliveAt([
        join(process, "root", posix.resolve("/", config.workingDir)),
        join(process, "root/workspace"),
        ...(home === null ? [] : [home]),
      ]),
    };
  }

  return {
    // CLOCK_MONOTONIC: the same for every process, and it stands still while the machine sleeps.
    uptimeMs: () => Number(process.hrtime.bigint() / 1_000_000n),
    read: async (container, home) => {
      if (isReading) return unknown;
      isReading = true;
      const reading = readAll(container, home)
        .catch((): ContainerActivity => unknown)
        .finally(() => {
          isReading = false;
        });
      return Promise.race([reading, late()]);
    },
  };
}

/** Bytes over all interfaces but the loopback. */
async function networkBytes(process: string): Promise<number> {
  const text = await readFile(join(process, "net/dev"), "utf8");
  const rows = text.split("\n").flatMap((line) => {
    const [name, numbers] = line.split(":");
    const columns = numbers?.trim().split(/\s+/).map(Number) ?? [];
    return columns.length < 9 || name?.trim() === "lo" ? [] : [(columns[0] ?? 0) + (columns[8] ?? 0)];
  });
  return rows.reduce((sum, bytes) => sum + bytes, 0);
}

/** Whoever waits for a child inherits what that has read and written (Linux, wait_task_zombie). */
async function ioBytes(procRoot: string, pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    const text = await readFile(join(procRoot, String(pid), "io"), "utf8").catch(ifGone);
    for (const [, bytes] of text.matchAll(/^[rw]char: (\d+)$/gm)) sum += Number(bytes);
  }
  return sum;
}

/** The latest input or output at any terminal of the container; the kernel keeps it to eight seconds. */
async function terminalStamp(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: unknown) =>
    isMissing(error) ? [] : Promise.reject(error),
  );
  let latest = 0;
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const { atimeMs, mtimeMs } = await lstat(join(folder, name));
    latest = Math.max(latest, Math.round(atimeMs), Math.round(mtimeMs));
  }
  return latest;
}

async function keepAliveAt(folders: readonly string[]): Promise<number | null> {
  let latest: number | null = null;
  for (const folder of new Set(folders)) {
    // One that cannot be looked at keeps nothing alive, and hides nothing else.
    const file = await lstat(join(folder, ".keep-alive")).catch(() => null);
    if (file?.isFile() === true) latest = Math.max(latest ?? 0, file.mtimeMs);
  }
  return latest;
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch {
    // What cannot be read is unknown, and the caller takes nothing for idle by it.
    return null;
  }
}

/** A process may end between two lines. */
function ifGone(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ENOENT" || code === "ESRCH") return "";
  throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function late(): Promise<ContainerActivity> {
  return new Promise((resolve) => void setTimeout(() => resolve(unknown), deadlineMs).unref());
}
