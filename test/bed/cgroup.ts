import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait-for.ts";

/** Every cgroup hierarchy mounted here: one on a v2 machine, one per controller on a v1 or hybrid machine. */
function cgroupHierarchies(): string[] {
  const mounts: string[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [left, right] = line.split(" - ");
    const type = right?.split(" ")[0];
    const mountPoint = left?.split(" ")[4];
    if (mountPoint !== undefined && (type === "cgroup" || type === "cgroup2")) mounts.push(mountPoint);
  }
  return mounts;
}

/** The hierarchy that tells which processes belong to the bed: the v1 freezer, else the unified one. */
function trackingHierarchy(): string {
  const mounts = cgroupHierarchies();
  const found = mounts.find((mount) => /(^|[/,])freezer(,|$)/.test(mount)) ?? mounts[0];
  if (found === undefined)
    throw new Error("no cgroup hierarchy is mounted: mount /sys/fs/cgroup and try again");
  return found;
}

/** Creates `/<name>/engine` in the tracking hierarchy and returns its cgroup.procs, which a process writes its pid into. */
export function createEngineCgroup(name: string): string {
  const path = join(trackingHierarchy(), name, "engine");
  mkdirSync(path, { recursive: true });
  return join(path, "cgroup.procs");
}

/** Makes a cgroup in the tracking hierarchy, the ones above it included, and moves the process into it. */
export function moveIntoCgroup(path: string, pid: number): void {
  const directory = join(trackingHierarchy(), path);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "cgroup.procs"), String(pid));
}

/** The path of a process's cgroup in the tracking hierarchy, as `/docker/0123...`. */
export function cgroupOf(pid: number): string {
  const hierarchy = trackingHierarchy();
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const line =
    lines.find((one) => hierarchy.endsWith(`/${one.split(":")[1]}`) && !one.startsWith("0:")) ?? lines.at(-1);
  return line?.split(":").slice(2).join(":") ?? "/";
}

/** Pids of every process in the named cgroup and below it, in any hierarchy. */
export function processesIn(name: string): number[] {
  const pids = new Set<number>();
  for (const path of cgroupPaths(name)) for (const pid of pidsOf(path)) pids.add(pid);
  return [...pids];
}

/** Every directory of the named cgroup, deepest first, in every hierarchy. */
export function cgroupPaths(name: string): string[] {
  return cgroupHierarchies().flatMap((mount) => descend(join(mount, name)));
}

/** Kills whatever lives in the named cgroup (frozen or not) and removes its directories; ms to wait at most: 10,000. */
export async function destroyCgroup(name: string): Promise<void> {
  await waitFor(
    `the processes of cgroup ${name} to end`,
    () => {
      const alive = killAll(name);
      return alive === 0;
    },
    { intervalMs: 5 },
  );
  await waitFor(`the directories of cgroup ${name} to go`, () => removeDirectories(name), { intervalMs: 5 });
}

function killAll(name: string): number {
  let alive = 0;
  for (const path of cgroupPaths(name)) {
    for (const pid of pidsOf(path)) {
      alive += 1;
      signal(pid);
    }
    thaw(path);
  }
  return alive;
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

function thaw(path: string): void {
  for (const [file, value] of [
    ["freezer.state", "THAWED"],
    ["cgroup.freeze", "0"],
  ] as const) {
    try {
      writeFileSync(join(path, file), value, { flag: "r+" });
    } catch (error) {
      if (!["ENOENT", "EACCES", "EPERM", "ENODEV"].includes(codeOf(error))) throw error;
    }
  }
}

function removeDirectories(name: string): boolean {
  for (const path of cgroupPaths(name)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EBUSY") throw error;
    }
  }
  return cgroupPaths(name).length === 0;
}

function descend(path: string): string[] {
  try {
    const children = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...children.flatMap((child) => descend(join(path, child.name))), path];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function pidsOf(path: string): number[] {
  try {
    // A process of another pid namespace reads as 0, and kill(0) would signal our own group.
    return readFileSync(join(path, "cgroup.procs"), "utf8")
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 1);
  } catch (error) {
    if (["ENOENT", "ENODEV", "EOPNOTSUPP"].includes(codeOf(error))) return [];
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
