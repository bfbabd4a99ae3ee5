import { groupBy } from "../../util/group-by.ts";
import type { DeviceDemand } from "./lease.ts";

/** Who has used nothing lately is moved up by as much as this much waiting; nobody waits behind newer work for longer. */
const largestBonusMs = 24 * 60 * 60 * 1000;
/** Recent use, in GPU-equivalent hours, that halves what somebody is moved up by. */
const halvingHours = 24;
/** Work is counted with this many hours at most before it has run, so that many jobs cannot slip in before the first counts. */
const longestEntryHours = 16.8;
const hourMs = 60 * 60 * 1000;

/** Recent use of each namespace in GPU-equivalent hours; one that is absent has used nothing. */
export type RecentUse = ReadonlyMap<string, number>;

/**
 * The queue: priority first; among equals who waits longest, moved up by as much as a day for having used little of
 * late (as Slurm's and Kueue's fair share, with entry penalty); then the uid, so that equal input gives equal order.
 */
export function orderDemands(
  demands: readonly DeviceDemand[],
  recentUse: RecentUse,
  gpuEquivalentsOf: (demand: DeviceDemand) => number,
): readonly DeviceDemand[] {
  const ranked: Ranked[] = [];
  for (const [namespace, own] of groupBy(demands, (demand) => demand.namespace)) {
    let hours = recentUse.get(namespace) ?? 0;
    for (const { demand } of own.map(asSubmitted).toSorted(compareRanked)) {
      ranked.push({ demand, rank: demand.submittedAt - bonusMs(hours) });
      hours += gpuEquivalentsOf(demand) * entryHours(demand.maxRuntimeMs);
    }
  }
  return ranked.toSorted(compareRanked).map(({ demand }) => demand);
}

interface Ranked {
  readonly demand: DeviceDemand;
  /** Among equals the lower comes first. */
  readonly rank: number;
}

/** Milliseconds of waiting that recent use is worth: the whole bonus for none. */
export function bonusMs(recentHours: number): number {
  return largestBonusMs / (1 + recentHours / halvingHours);
}

/** How long work counts with, in hours, from its admission on. */
export function entryHours(maxRuntimeMs: number | null): number {
  return Math.min(maxRuntimeMs === null ? Infinity : maxRuntimeMs / hourMs, longestEntryHours);
}

function asSubmitted(demand: DeviceDemand): Ranked {
  return { demand, rank: demand.submittedAt };
}

function compareRanked(left: Ranked, right: Ranked): number {
  return (
    right.demand.priority - left.demand.priority ||
    left.rank - right.rank ||
    (left.demand.uid < right.demand.uid ? -1 : left.demand.uid > right.demand.uid ? 1 : 0)
  );
}
