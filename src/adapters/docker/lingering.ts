import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Looks for processes that outlived their container: those of a shim that was killed go on holding GPUs. */
export interface LingeringProcesses {
  /** True while a process sits in a cgroup of that container; null when /proc cannot tell. */
  find(containerId: string): Promise<boolean | null>;
}

const entriesPerTurn = 256;

/** Reads `/proc/PID/cgroup` of this machine, whatever the cgroup's parent; only for an engine on this machine. */
export function lingeringProcesses(procPath = "/proc"): LingeringProcesses {
  let next: Promise<ReadonlySet<string> | null> | undefined;
  let current: Promise<unknown> = Promise.resolve();

  // A scan answers those who asked before it began; who asks later shares the following one.
  function scanLater(): Promise<ReadonlySet<string> | null> {
    next ??= current.then(() => {
      next = undefined;
      const scan = containersWithProcesses(procPath);
      current = scan;
      return scan;
    });
    return next;
  }

  return {
    find: async (containerId) => {
      const alive = await scanLater();
      return alive === null ? null : alive.has(containerId);
    },
  };
}

async function containersWithProcesses(procPath: string): Promise<ReadonlySet<string> | null> {
  // With hidepid, or in a pid namespace whose /proc is not mounted, the processes of others are not seen.
  if (readOrNull(`${procPath}/1/cgroup`) === null) return null;
  let pids: string[];
  try {
    pids = (await readdir(procPath)).filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  const found = new Set<string>();
  for (const [index, pid] of pids.entries()) {
    if (index % entriesPerTurn === entriesPerTurn - 1) await nextTurn();
    const ids = readOrNull(`${procPath}/${pid}/cgroup`)?.match(/\b[0-9a-f]{64}\b/g) ?? [];
    if (ids.length > 0 && !isZombie(procPath, pid)) for (const id of ids) found.add(id);
  }
  return found;
}

/** A zombie holds nothing any more; it only waits for its parent. */
function isZombie(procPath: string, pid: string): boolean {
  const stat = readOrNull(`${procPath}/${pid}/stat`);
  // The name in brackets may itself hold brackets and blanks.
  return stat === null || /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

/** Null for a process that has ended meanwhile, and for what may not be read. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
