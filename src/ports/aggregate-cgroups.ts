import type { AggregateAmounts } from "../core/quota/aggregate.ts";
import type { CgroupDriver } from "../core/quota/cgroup-parent.ts";

/** A memory limit that is not lowered, because more is in use than it allows. */
export interface HeldMemory {
  readonly limitBytes: number | null;
  readonly usedBytes: number;
}

/** What `limit` has done. */
export interface LimitOutcome {
  /** What was written: `memory`, `cpus`, `pids`; empty when everything was as wanted. */
  readonly written: readonly string[];
  readonly held: HeldMemory | null;
}

/** Cgroups around the containers of one user, on this machine; parents are named as Docker takes them. */
export interface AggregateCgroups {
  /** Changes with each boot: what was made before is gone. */
  readonly bootId: string;
  /** Whether there is a cgroup of that name, whoever made it. */
  exists(driver: CgroupDriver, parent: string): Promise<boolean>;
  /**
   * Makes the cgroup if it is not there and writes the limits that are not as wanted; it never lowers the memory
   * below what is in use. Rejects when a limit does not stand afterwards.
   */
  limit(driver: CgroupDriver, parent: string, limits: AggregateAmounts): Promise<LimitOutcome>;
}
