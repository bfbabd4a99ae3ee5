import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesIn } from "../bed/cgroup.ts";
import { bedName } from "../bed/engine-record.ts";

const hierarchy = "/sys/fs/cgroup/cpuacct";

/** CPU time of engine and controller, from cpuacct (cgroup v1): nearly blind to what else the machine does. */
export interface CpuAccount {
  /** Puts a process into the controller's account. */
  addController(pid: number): void;
  /** Milliseconds used so far. */
  read(): { readonly engineMs: number; readonly controllerMs: number };
}

/** Accounts for a bed engine that runs already; undefined where this machine has no cpuacct hierarchy. */
export function openCpuAccount(engineName: string): CpuAccount | undefined {
  if (!existsSync(join(hierarchy, "cpuacct.usage"))) return undefined;
  const root = join(hierarchy, bedName(engineName));
  const [engine, controller] = [join(root, "engine"), join(root, "controller")];
  // Before the directory exists, so that only processes of the engine are found.
  const pids = processesIn(bedName(engineName));
  for (const path of [engine, controller]) mkdirSync(path, { recursive: true });
  for (const pid of pids) put(engine, pid);
  return {
    addController: (pid) => put(controller, pid),
    read: () => {
      const controllerMs = usageMs(controller);
      return { engineMs: usageMs(root) - controllerMs, controllerMs };
    },
  };
}

function put(cgroup: string, pid: number): void {
  writeFileSync(join(cgroup, "cgroup.procs"), String(pid));
}

function usageMs(cgroup: string): number {
  return Number(readFileSync(join(cgroup, "cpuacct.usage"), "utf8")) / 1e6;
}
