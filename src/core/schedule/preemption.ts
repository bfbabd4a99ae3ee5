import { jumpBetween, type ClockReading } from "../container-clock.ts";
import { isFromAheadOf } from "../lifecycle/put-off.ts";
import type { Allocation } from "./allocate.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";

/** Who gets GPUs that stopped containers still hold before their hold is over. */
export type ReclaimHeld = "never" | "higherPriority" | "always";

/** What the configuration says about giving way. */
export interface PreemptionSettings {
  /** Time between the notice and the stop. */
  readonly noticeMs: number;
  /** What has run for less is left alone. */
  readonly minRuntimeMs: number;
  /** How often a container has to give way within a day at most. */
  readonly maxPerDay: number;
  readonly reclaimHeld: ReclaimHeld;
}

export const defaultPreemption: PreemptionSettings = {
  noticeMs: 30_000,
  minRuntimeMs: 60_000,
  maxPerDay: 5,
  reclaimHeld: "higherPriority",
};

/** An object that holds devices and may have to give them up. */
export interface Tenant {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly deviceUuids: readonly string[];
  readonly priority: number;
  /** Its devices are beyond its owner's nominal quota. */
  readonly borrowed: boolean;
  readonly preemptible: boolean;
  /** Stopped, and nothing of it lives: its devices are only kept for it. */
  readonly held: boolean;
  /** When its process started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** How often it has given way within the last day. */
  readonly preemptionsToday: number;
  /** Time from SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** Recent use of its owner in GPU-equivalent hours. */
  readonly recentHours: number;
}

/**
 * Devices that are to go to one object alone, and who gives way for it. Times are milliseconds since the epoch, on the
 * wall clock as it stood at `clock`.
 */
export interface Nomination {
  readonly devices: readonly string[];
  readonly victims: readonly Victim[];
  /** When it was made; absent in those of earlier versions. */
  readonly madeAt?: number;
  /** When those are stopped. */
  readonly at: number;
  /** When it is void, if the object has not come to run by then. */
  readonly expiresAt: number;
  /** What its times are for; absent where nobody could tell, and in those of earlier versions. */
  readonly clock?: ClockReading;
}

export interface Victim {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Why it of all: its devices are beyond its owner's quota, or it may be preempted by work of higher priority. */
  readonly because: "borrowed" | "preemptible";
}

/** For so long after a nomination that came to nothing its object makes nobody give way again. */
const pauseMs = 10 * 60_000;
/** Time beyond notice and grace in which the nominee must have come to run. */
const slackMs = 60_000;

/** The nomination with its times on the wall clock as it is set now: a notice gets no longer or shorter by that. */
export function reckonedNomination(
  nomination: Nomination,
  reading: ClockReading | null | undefined,
): Nomination {
  if (reading == null) return nomination;
  const { clock = reading, madeAt, at, expiresAt } = nomination;
  const jumpMs = jumpBetween(clock, reading);
  if (nomination.clock?.boot === reading.boot && jumpMs === 0) return nomination;
  return {
    ...nomination,
    ...(madeAt === undefined ? {} : { madeAt: madeAt + jumpMs }),
    at: at + jumpMs,
    expiresAt: expiresAt + jumpMs,
    clock: reading,
  };
}

/** True while the devices of a nomination are kept for its object. */
export function isInForce({ expiresAt, madeAt }: Nomination, now: number): boolean {
  return now <= expiresAt && !isFromAheadOf(now, madeAt);
}

/** True while nobody has to give way again, as the last time came to nothing. */
export function isPausing({ expiresAt }: Nomination, now: number): boolean {
  return now > expiresAt && now <= expiresAt + pauseMs;
}

/**
 * Why a tenant that runs may be stopped for a demand: its devices are borrowed (the demand is within quota, or it
 * would not ask), or it is preemptible and of lower priority. Work that is neither is never stopped for anybody.
 */
export function reasonToGiveWay(
  tenant: Pick<Tenant, "uid" | "held" | "borrowed" | "preemptible" | "priority">,
  { uid, priority }: Pick<DeviceDemand, "uid" | "priority">,
): Victim["because"] | undefined {
  if (tenant.held || tenant.uid === uid) return undefined;
  if (tenant.borrowed) return "borrowed";
  return tenant.preemptible && tenant.priority < priority ? "preemptible" : undefined;
}

/** True when a stopped container's devices go to the demand before its hold is over. */
export function losesHold(
  { held, uid, priority }: Tenant,
  demand: Pick<DeviceDemand, "uid" | "priority">,
  policy: ReclaimHeld,
): boolean {
  if (!held || uid === demand.uid || policy === "never") return false;
  return policy === "always" || demand.priority > priority;
}

/** Tenants that may be stopped for the demand now, who gives way first in front. */
export function candidates(
  demand: DeviceDemand,
  tenants: readonly Tenant[],
  settings: PreemptionSettings,
  now: number,
): readonly Tenant[] {
  return tenants
    .filter(
      (tenant) =>
        reasonToGiveWay(tenant, demand) !== undefined &&
        now - tenant.startedAt >= settings.minRuntimeMs &&
        tenant.preemptionsToday < settings.maxPerDay,
    )
    .toSorted(whoGivesWayFirst);
}

/** When the next tenant that has to give way anyway has run for long enough; undefined: none will. */
export function nextCandidateAt(
  demand: DeviceDemand,
  tenants: readonly Tenant[],
  { minRuntimeMs, maxPerDay }: PreemptionSettings,
  now: number,
): number | undefined {
  const moments = tenants
    .filter((tenant) => reasonToGiveWay(tenant, demand) !== undefined && tenant.preemptionsToday < maxPerDay)
    .map(({ startedAt }) => startedAt + minRuntimeMs)
    .filter((at) => at > now);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** As Kueue: who borrows before who does not, lower priority, whose owner has used more lately, what started last. */
function whoGivesWayFirst(left: Tenant, right: Tenant): number {
  if (left.borrowed !== right.borrowed) return left.borrowed ? -1 : 1;
  return (
    left.priority - right.priority ||
    right.recentHours - left.recentHours ||
    right.startedAt - left.startedAt ||
    (left.uid < right.uid ? -1 : 1)
  );
}

/** A choice of tenants that is enough, and the devices that the demand gets by it. */
export interface Choice {
  readonly tenants: readonly Tenant[];
  readonly devices: readonly Device[];
}

/**
 * The first tenants in the given order without which the demand fits, less all that are not needed: none of them could be
 * spared (Kueue's fill-back). Undefined when all of them are not enough.
 */
export function fewestOf(
  inOrder: readonly Tenant[],
  allocateWithout: (uids: ReadonlySet<string>) => Allocation,
): Choice | undefined {
  const without = (tenants: readonly Tenant[]): Allocation =>
    allocateWithout(new Set(tenants.map(({ uid }) => uid)));
  const all = without(inOrder);
  if (all.type === "shortage") return undefined;
  let count = 0;
  while (count < inOrder.length && without(inOrder.slice(0, count)).type === "shortage") count += 1;
  let chosen = inOrder.slice(0, count);
  // The last one was needed when it was added, so it is not asked again.
  for (const tenant of chosen.slice(0, -1).toReversed()) {
    const rest = chosen.filter((one) => one !== tenant);
    if (without(rest).type === "allocated") chosen = rest;
  }
  const allocation = without(chosen);
  return allocation.type === "shortage" ? undefined : { tenants: chosen, devices: allocation.devices };
}

/** The leases without those of some objects. */
export function leasesWithout(leases: readonly Lease[], uids: ReadonlySet<string>): readonly Lease[] {
  return leases.filter(
    ({ holder, state, from }) =>
      !(holder.type === "object" && uids.has(holder.uid) && state !== "InUse" && from === undefined),
  );
}

/** The nomination that follows from a choice made now. */
export function nominate(
  demand: Pick<DeviceDemand, "uid" | "priority">,
  { tenants, devices }: Choice,
  { noticeMs }: PreemptionSettings,
  now: number,
): Nomination {
  const victims = tenants.flatMap((tenant): readonly Victim[] => {
    const because = reasonToGiveWay(tenant, demand);
    const { uid, namespace, name } = tenant;
    return because === undefined ? [] : [{ uid, namespace, name, because }];
  });
  const at = now + noticeMs;
  const grace = Math.max(0, ...tenants.map(({ held, graceMs }) => (held ? 0 : graceMs)));
  return {
    devices: devices.map(({ uuid }) => uuid),
    victims,
    madeAt: now,
    at,
    expiresAt: at + grace + slackMs,
  };
}

/** True when everybody who is to give way still may be asked to: the rest has ended already, or the quota says otherwise by now. */
export function stillStands(
  { victims }: Nomination,
  demand: Pick<DeviceDemand, "uid" | "priority">,
  tenants: readonly Tenant[],
): boolean {
  return victims.every(({ uid }) => {
    const tenant = tenants.find((one) => one.uid === uid);
    return tenant === undefined || tenant.held || reasonToGiveWay(tenant, demand) !== undefined;
  });
}
