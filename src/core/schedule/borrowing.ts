import { fitsWithin, formatGpuEquivalents } from "../quota/gpu-equivalents.ts";
import type { ResolvedQuota } from "../quota/limits.ts";
import { deviceBook } from "./device-book.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";

/** Leave to use more than one's nominal quota while it is idle. */
export interface Borrowing {
  /** GPU-equivalents above nominal at most; null is unlimited. */
  readonly limit: number | null;
  readonly cohort: string | null;
}

/** Devices that an object holds, for telling which are beyond its owner's quota. */
export interface Holding {
  readonly uid: string;
  readonly gpuEquivalents: number;
  readonly preemptible: boolean;
  /** Since when it has held devices without a break, in milliseconds since the epoch. */
  readonly since: number;
}

/** Somebody whose nominal quota is not used up, and who may want the rest of it at any moment. */
export interface Lender {
  readonly user: string;
  readonly cohort: string | null;
  /** GPU-equivalents of the nominal quota that are not in use. */
  readonly unused: number;
  /** What of that others of the same cohort may borrow; null is all. */
  readonly lends: number | null;
  /** Where the quota says so, for people. */
  readonly place: string | null;
}

/** What is idle and must stay so for those to whom it belongs. */
export interface KeptBack {
  readonly gpuEquivalents: number;
  readonly lenders: readonly Lender[];
}

/**
 * The leave that a quota gives: up to its borrowing limit, and without bound for preemptible work where the quota
 * says nothing, as that gives way by its own word; undefined where there is none.
 */
export function borrowingOf(
  { gpuBorrowingLimit, gpuNominal, cohort }: ResolvedQuota,
  preemptible: boolean,
): Borrowing | undefined {
  if (gpuNominal.value === null) return undefined;
  const isSaid = gpuBorrowingLimit.origin.from !== "built-in";
  const limit = isSaid || !preemptible ? gpuBorrowingLimit.value : null;
  return limit === 0 ? undefined : { limit, cohort: cohort.value };
}

/** The most one user may ever hold with such work, in GPU-equivalents; null is unlimited. */
export function mostEquivalents(quota: ResolvedQuota, preemptible: boolean): number | null {
  const nominal = quota.gpuNominal.value;
  const borrowing = borrowingOf(quota, preemptible);
  if (nominal === null || borrowing === undefined) return nominal;
  return borrowing.limit === null ? null : nominal + borrowing.limit;
}

/**
 * Which of one user's holdings are beyond the nominal quota: what has been held longest is within it, and preemptible
 * work, which gives way by its own word, comes last. The holdings that are not named never exceed the quota (I2).
 */
export function borrowedUids(holdings: readonly Holding[], nominal: number | null): ReadonlySet<string> {
  const borrowed = new Set<string>();
  if (nominal === null) return borrowed;
  let used = 0;
  for (const { uid, gpuEquivalents } of holdings.toSorted(compareHoldings)) {
    if (fitsWithin(used + gpuEquivalents, nominal)) used += gpuEquivalents;
    else borrowed.add(uid);
  }
  return borrowed;
}

function compareHoldings(left: Holding, right: Holding): number {
  if (left.preemptible !== right.preemptible) return left.preemptible ? 1 : -1;
  return left.since - right.since || (left.uid < right.uid ? -1 : 1);
}

/**
 * Those of the demands that cannot be served within their owner's nominal quota, and may be beyond it. They come after
 * all others, whatever their priority: a quota is what its owner can count on.
 */
export function borrowersAmong(
  inOrder: readonly DeviceDemand[],
  costOf: (demand: DeviceDemand) => number,
): ReadonlySet<DeviceDemand> {
  const borrowers = new Set<DeviceDemand>();
  const spent = new Map<string, number>();
  for (const demand of inOrder) {
    if (demand.quotaLeft === null) continue;
    const cost = costOf(demand);
    const before = spent.get(demand.namespace) ?? 0;
    if (cost === 0 || fitsWithin(before + cost, demand.quotaLeft)) spent.set(demand.namespace, before + cost);
    else if (demand.borrowing !== undefined) borrowers.add(demand);
  }
  return borrowers;
}

/** What of the idle devices is kept for others than `namespace`, largest part first. */
export function keptBackFrom(
  { namespace, borrowing }: Pick<DeviceDemand, "namespace" | "borrowing">,
  lenders: readonly Lender[],
): KeptBack {
  const cohort = borrowing?.cohort ?? null;
  const keeping = lenders
    .map((lender) => ({ lender, kept: keeps(lender, cohort) }))
    .filter(({ lender, kept }) => lender.user !== namespace && kept > 0)
    .toSorted((a, b) => b.kept - a.kept || (a.lender.user < b.lender.user ? -1 : 1));
  return {
    gpuEquivalents: keeping.reduce((sum, { kept }) => sum + kept, 0),
    lenders: keeping.map(({ lender }) => lender),
  };
}

/** Whoever is in another cohort lends nothing. */
function keeps({ unused, lends, cohort }: Lender, borrowersCohort: string | null): number {
  if (cohort !== borrowersCohort) return unused;
  return lends === null ? 0 : Math.max(0, unused - lends);
}

/** GPU-equivalents of devices that could be handed out and are not. */
export function idleEquivalents(devices: readonly Device[], leases: readonly Lease[]): number {
  const leased = new Set(leases.map(({ deviceUuid }) => deviceUuid));
  const { slicesOf } = deviceBook(devices);
  return devices.reduce((sum, device) => {
    const { uuid, parentUuid, migEnabled, sharing, healthy, cordon } = device;
    const isHandedOut = !migEnabled && sharing?.replica !== null;
    const isTaken =
      leased.has(uuid) ||
      (parentUuid !== null && leased.has(parentUuid)) ||
      (slicesOf.get(uuid)?.some((slice) => leased.has(slice)) ?? false);
    return isHandedOut && healthy && cordon === undefined && !isTaken ? sum + device.gpuEquivalents : sum;
  }, 0);
}

/** `bob (quotas/staff.yaml:8) and carol`. */
export function describeLenders({ gpuEquivalents, lenders }: KeptBack): string {
  const names = lenders.slice(0, 3).map(({ user, place }) => `${user}${place === null ? "" : ` (${place})`}`);
  const more = lenders.length > 3 ? ` and ${lenders.length - 3} more` : "";
  return `${formatGpuEquivalents(gpuEquivalents)} are kept for ${names.join(", ")}${more}`;
}
