import type { ResolvedLimits, ResolvedQuota, Sourced } from "./limits.ts";

/** Limits of a cgroup around all containers of one user; null is unlimited. */
export interface AggregateAmounts {
  /** In hundredths, as both cgroup drivers can keep them. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
}

const noLimits: AggregateAmounts = { cpus: null, memoryBytes: null, pids: null };

/** The amounts of a quota's aggregate; null when it limits nothing, and containers stay where Docker puts them. */
export function aggregateAmounts({ aggregate }: ResolvedQuota): AggregateAmounts | null {
  const { cpus, memoryBytes, pids } = aggregate;
  if (cpus.value === null && memoryBytes.value === null && pids.value === null) return null;
  return {
    cpus: cpus.value === null ? null : Math.max(0.01, Math.round(cpus.value * 100) / 100),
    memoryBytes: memoryBytes.value,
    pids: pids.value,
  };
}

/** What a cgroup is given that is left over from an aggregate that nobody sets any more. */
export function amountsOrNone(quota: ResolvedQuota): AggregateAmounts {
  return aggregateAmounts(quota) ?? noLimits;
}

/** The aggregate that bounds this limit of one container; null for what has none. */
export function aggregateOf(
  { aggregate }: ResolvedQuota,
  key: keyof ResolvedLimits,
): Sourced<number | null> | null {
  if (key === "cpus") return aggregate.cpus;
  if (key === "memoryBytes") return aggregate.memoryBytes;
  return key === "pidsLimit" ? aggregate.pids : null;
}

/** What a quota gives to one container is never more than all together may have. */
export function withinAggregate(
  given: Sourced<number | null>,
  key: keyof ResolvedLimits,
  quota: ResolvedQuota,
): Sourced<number | null> {
  const all = aggregateOf(quota, key);
  if (all === null || all.value === null || given.value === null || given.value <= all.value) return given;
  return all;
}
