import type { AggregateAmounts } from "../../core/quota/aggregate.ts";
import { cgroupPath, type CgroupDriver } from "../../core/quota/cgroup-parent.ts";
import type { AggregateCgroups, HeldMemory, LimitOutcome } from "../../ports/aggregate-cgroups.ts";
import { bootId } from "../boot-id.ts";
import { errorCode } from "../error-code.ts";
import { CgroupTree, isAsWanted } from "./cgroup-tree.ts";
import { SystemdSlices } from "./systemd-slices.ts";

export interface AggregateCgroupsOptions {
  /** Where the cgroup hierarchies are mounted. */
  readonly mount?: string;
  readonly slices?: SystemdSlices;
}

const limitNames: readonly (keyof AggregateAmounts)[] = ["cpus", "memoryBytes", "pids"];

/** Cgroups of this machine: ds01 makes them itself, or has systemd make slices where the engine uses systemd. */
export function aggregateCgroups(options: AggregateCgroupsOptions = {}): AggregateCgroups {
  const tree = new CgroupTree(options.mount);
  const slices = options.slices ?? new SystemdSlices();

  async function writeAll(
    driver: CgroupDriver,
    parent: string,
    changes: Partial<AggregateAmounts>,
  ): Promise<void> {
    if (driver === "systemd") return slices.limit(parent, changes);
    const path = cgroupPath(parent);
    await tree.make(path);
    for (const name of limitNames) {
      const value = changes[name];
      if (value !== undefined) await tree.write(path, name, value);
    }
  }

  /** How much is in use where that is more than a lower limit allows. */
  async function heldMemory(path: string, wanted: number | null): Promise<HeldMemory | null> {
    const { memoryBytes } = await tree.limits(path);
    if (wanted === null || (typeof memoryBytes === "number" && memoryBytes <= wanted)) return null;
    const usedBytes = await tree.memoryInUse(path);
    return usedBytes > wanted ? { limitBytes: memoryBytes ?? null, usedBytes } : null;
  }

  return {
    bootId: bootId(),

    exists: async (driver, parent) =>
      driver === "systemd" ? slices.exists(parent) : tree.exists(cgroupPath(parent)),

    limit: async (driver, parent, limits): Promise<LimitOutcome> => {
      const path = cgroupPath(parent);
      const found = await tree.limits(path);
      const differing = limitNames.filter((name) => !isAsWanted(limits[name], found[name], name));
      const active = driver === "cgroupfs" || (await slices.isActive(parent));
      if (differing.length === 0 && active) return { written: [], held: null };
      const held = differing.includes("memoryBytes") ? await heldMemory(path, limits.memoryBytes) : null;
      const due = differing.filter((name) => name !== "memoryBytes" || held === null);
      if (due.length === 0 && active) return { written: [], held };
      const changes = Object.fromEntries(due.map((name) => [name, limits[name]]));
      try {
        await writeAll(driver, parent, changes);
      } catch (error) {
        // The kernel has taken back what it could, and it is not enough (cgroup v1).
        if (errorCode(error) !== "EBUSY") throw error;
      }
      const now = await tree.limits(path);
      const refused = due.filter((name) => !isAsWanted(limits[name], now[name], name));
      const late = refused.includes("memoryBytes") ? await heldMemory(path, limits.memoryBytes) : null;
      const wrong = refused.filter((name) => name !== "memoryBytes" || late === null);
      if (wrong.length > 0)
        throw new Error(`${path} does not show the limits after they were set (${wrong.join(", ")})`);
      return { written: due.filter((name) => !refused.includes(name)), held: held ?? late };
    },
  };
}
