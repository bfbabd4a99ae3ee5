/**
 * Fields of a QuotaSpec's `spec` that limits of the scripts are turned into, in the order in which they are written,
 * each with what says there that nothing is set.
 */
export const targets = [
  { path: "priority", unset: 50 },
  { path: "maxContainers", unset: "unlimited" },
  { path: "gpus.nominal", unset: "unlimited" },
  { path: "gpus.maxPerContainer", unset: "unlimited" },
  { path: "gpus.allowFullGpu", unset: true },
  { path: "perContainer.max.cpus", unset: "unlimited" },
  { path: "perContainer.max.memory", unset: "unlimited" },
  { path: "perContainer.max.memorySwap", unset: "none" },
  { path: "perContainer.max.shmSize", unset: "unlimited" },
  { path: "perContainer.max.pidsLimit", unset: "unlimited" },
  { path: "aggregate.cpus", unset: "unlimited" },
  { path: "aggregate.memory", unset: "unlimited" },
  { path: "aggregate.pids", unset: "unlimited" },
  { path: "lifecycle.maxRuntime", unset: "never" },
  { path: "lifecycle.idleTimeout", unset: "never" },
  { path: "lifecycle.holdGpuAfterStop", unset: "15m" },
  { path: "lifecycle.removeAfterStop", unset: "never" },
  { path: "policy.hostIPC", unset: false },
] as const;

export type Target = (typeof targets)[number]["path"];

/** A value of a QuotaSpec with the words that say where it comes from. */
export interface Setting {
  readonly value: string | number | boolean;
  /** The comment beside it: `from defaults.memory`. */
  readonly comment: string;
}

/** What one section of limits says. */
export interface Section {
  /** How messages call it: `groups.student`. */
  readonly name: string;
  readonly settings: ReadonlyMap<Target, Setting>;
  /** `aggregate.gpu_limit`: a second bound of the GPUs of a user, in GPU-equivalents. */
  readonly gpuLimit: Setting | null;
  /** Whether it has an `aggregate` of its own, which takes the place of a whole other one. */
  readonly hasAggregate: boolean;
}
