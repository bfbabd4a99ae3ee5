import { parseDuration } from "../util/duration.ts";
import { startOf, type ClockReading } from "./container-clock.ts";
import type { PreemptionNotice } from "./lifecycle/memory.ts";
import type { ObservedContainer } from "./observed.ts";
import { isLive } from "./plan/roles.ts";
import type { EffectiveLimits, ResolvedQuota } from "./quota/limits.ts";
import type { ContainerRecord } from "./record.ts";
import { borrowedUids, type Holding, type Lender } from "./schedule/borrowing.ts";
import type { ManagedClaim } from "./schedule/lease.ts";
import type { ScheduleOutcome } from "./schedule/outcome.ts";
import { isInForce, reckonedNomination, type Nomination, type Tenant } from "./schedule/preemption.ts";
import type { RecentUse } from "./schedule/queue-order.ts";
import { groupBy } from "../util/group-by.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** What is asked about everybody who holds devices. */
export interface TenancyInput {
  readonly records: readonly ContainerRecord[];
  readonly claims: ReadonlyMap<string, ManagedClaim>;
  readonly containersOf: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** GPU-equivalents that an object holds, by uid. */
  readonly heldBy: (uid: string) => number;
  readonly quotaOf: (namespace: string) => ResolvedQuota;
  readonly limitsOf: (record: ContainerRecord) => EffectiveLimits | null;
  readonly recentUse: RecentUse;
  readonly now: number;
}

/** Objects whose devices are beyond their owner's nominal quota, by uid. */
export function borrowersOf(input: TenancyInput): ReadonlySet<string> {
  const holding = input.records.filter(({ uid }) => input.claims.has(uid));
  const borrowed = new Set<string>();
  for (const [namespace, own] of groupBy(holding, (record) => record.namespace)) {
    const nominal = input.quotaOf(namespace).gpuNominal.value;
    if (nominal === null) continue;
    const holdings = own.map(({ uid, spec, memory }): Holding => ({
      uid,
      gpuEquivalents: input.heldBy(uid),
      preemptible: spec?.preemptible === true,
      since: memory.heldSince ?? input.now,
    }));
    for (const uid of borrowedUids(holdings, nominal)) borrowed.add(uid);
  }
  return borrowed;
}

/** Objects that hold devices and may have to give them up, now or before their hold is over. */
export function tenantsOf(input: TenancyInput, borrowed: ReadonlySet<string>): readonly Tenant[] {
  return input.records.flatMap((record): readonly Tenant[] => {
    const claim = input.claims.get(record.uid);
    const limits = input.limitsOf(record);
    if (claim === undefined || limits === null || record.deletion !== null) return [];
    if ((claim.gone ?? []).length > 0) return [];
    const life = lifeOf(claim, input.containersOf.get(record.uid) ?? []);
    if (life === null) return [];
    const { uid, namespace, name, spec, memory } = record;
    return [
      {
        ...life,
        uid,
        namespace,
        name,
        deviceUuids: claim.deviceUuids,
        priority: limits.priority.value,
        borrowed: borrowed.has(uid),
        preemptible: spec?.preemptible === true,
        preemptionsToday: recentPreemptions(memory.preemptedAt, input.now).length,
        graceMs: parseDuration(spec?.stopGracePeriod ?? "") ?? 30_000,
        recentHours: input.recentUse.get(namespace) ?? 0,
      },
    ];
  });
}

/** Whether its process runs, or its devices are only kept; null where something of it is on the way. */
function lifeOf(
  { state }: ManagedClaim,
  containers: readonly ObservedContainer[],
): Pick<Tenant, "held" | "startedAt"> | null {
  const live = containers.filter(isLive);
  if (live.length > 0) {
    const starts = live.flatMap((container) => startOf(container) ?? []);
    return starts.length === 0 ? null : { held: false, startedAt: Math.min(...starts) };
  }
  if (state !== "Held" || containers.some(({ lingering }) => lingering === true)) return null;
  return { held: true, startedAt: 0 };
}

/** Those of the times that lie within the last day. */
export function recentPreemptions(times: readonly number[] | undefined, now: number): readonly number[] {
  return (times ?? []).filter((at) => now - at < dayMs);
}

/** Everybody known with a quota that is not used up: who has objects, and whom a quota names. */
export function lendersOf(
  users: Iterable<string>,
  quotaOf: TenancyInput["quotaOf"],
  used: (user: string) => number,
): readonly Lender[] {
  return [...new Set(users)].flatMap((user): readonly Lender[] => {
    const { gpuNominal, gpuLendingLimit, cohort } = quotaOf(user);
    if (gpuNominal.value === null) return [];
    const unused = gpuNominal.value - used(user);
    if (unused <= 0) return [];
    const { place } = gpuLendingLimit.value === null ? cohort.origin : gpuLendingLimit.origin;
    return [{ user, cohort: cohort.value, unused, lends: gpuLendingLimit.value, place }];
  });
}

/** Nominations that objects which wait were given, by their uid, on the wall clock as it is set now. */
export function nominationsOf(
  records: readonly ContainerRecord[],
  clock: ClockReading | null | undefined,
): ReadonlyMap<string, Nomination> {
  return new Map(
    records.flatMap(({ uid, memory }) =>
      memory.nomination == null ? [] : [[uid, reckonedNomination(memory.nomination, clock)] as const],
    ),
  );
}

/** Who has to give way to whom: only what has been written down, and is still so. */
export function noticesOf(
  records: readonly ContainerRecord[],
  nominations: ReadonlyMap<string, Nomination>,
  outcomes: ReadonlyMap<string, ScheduleOutcome>,
  now: number,
): ReadonlyMap<string, PreemptionNotice> {
  const notices = new Map<string, PreemptionNotice>();
  for (const { uid, namespace, name } of records) {
    const nomination = nominations.get(uid);
    if (nomination === undefined || !isInForce(nomination, now)) continue;
    const outcome = outcomes.get(uid);
    if (outcome?.type !== "waiting" || outcome.nomination?.at !== nomination.at) continue;
    for (const victim of nomination.victims) {
      notices.set(victim.uid, { by: `${namespace}/${name}`, at: nomination.at, because: victim.because });
    }
  }
  return notices;
}
