import { labels } from "../../api/names.ts";
import { deviceUuidsOf, expiresAt, holdUntil } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import { isPutOff } from "../lifecycle/put-off.ts";
import { isLive } from "../plan/roles.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import type { ContainerRecord } from "../record.ts";
import { wasKeptBack } from "./demands.ts";
import { originOf } from "./foreign-container.ts";
import type { GoneDevice } from "./given-devices.ts";
import type { ManagedClaim, UnmanagedClaim } from "./lease.ts";

/** Devices promised to an object whose container has not shown up yet. */
export interface Reservation {
  readonly devices: readonly string[];
}

/** One object's containers with what decides how long they keep their devices. */
export interface ClaimInput {
  readonly record: ContainerRecord;
  readonly containers: readonly ObservedContainer[];
  readonly limits: EffectiveLimits | null;
  readonly reservation: Reservation | undefined;
  /** Devices of a container that are not there any more as it was given them. */
  readonly goneOf: GoneOf;
  /** True while an admin has stopped everything of this user; absent: false. */
  readonly isStopped?: boolean;
  readonly now: number;
}

type GoneOf = (container: ObservedContainer) => readonly GoneDevice[];

/**
 * How firmly a device is held. A process always counts. Below that the stronger wins, and of equals the last
 * promise: an earlier one was given up, or its container turned up late.
 */
const strengths = { stopped: 0, created: 1, reserved: 2, live: 3 } as const;

interface Grip {
  readonly strength: number;
  /** When the device was promised (milliseconds since the epoch). */
  readonly promisedAt: number;
}

interface Hold extends Pick<ManagedClaim, "state" | "until" | "untilCause"> {
  readonly strength: number;
}

/** The claim of one object as its own containers show it, before others on the same devices are looked at. */
export interface ContestedClaim {
  readonly claim: ManagedClaim;
  readonly grips: ReadonlyMap<string, Grip>;
}

/** The claim of one object, or null when it holds nothing. */
export function claimOf(input: ClaimInput): ContestedClaim | null {
  const { record, containers, reservation } = input;
  const holds = containers.map((container) => ({ container, hold: holdOf(container, input) }));
  return contested(record, containers, {
    holds,
    reserved: reservation?.devices ?? [],
    reservedUntil: endFromNow(input),
    goneOf: input.goneOf,
  });
}

/** Containers with our labels whose object is not known (yet): what they hold is held. */
export function orphanClaim(
  uid: string,
  containers: readonly ObservedContainer[],
  goneOf: GoneOf,
): ContestedClaim | null {
  const first = containers[0];
  if (first === undefined) return null;
  const holds = containers.map((container) => ({
    container,
    hold: processHold(container) ?? neverStarted(container) ?? held("no spec declares it"),
  }));
  const identity = {
    uid,
    namespace: first.labels[labels.user] ?? "",
    name: first.labels[labels.name] ?? first.name,
  };
  return contested(identity, containers, { holds, reserved: [], goneOf });
}

function contested(
  { uid, namespace, name }: Pick<ManagedClaim, "uid" | "namespace" | "name">,
  containers: readonly ObservedContainer[],
  found: {
    readonly holds: readonly { readonly container: ObservedContainer; readonly hold: Hold | null }[];
    readonly reserved: readonly string[];
    readonly goneOf: GoneOf;
    /** When what is about to start is expected to end. */
    readonly reservedUntil?: number | null;
  },
): ContestedClaim | null {
  const grips = new Map<string, Grip>();
  const grip = (uuid: string, taken: Grip): void => {
    const before = grips.get(uuid);
    if (before === undefined || compareGrips(taken, before) > 0) grips.set(uuid, taken);
  };
  const gone: GoneDevice[] = [];
  let strongest: Hold | null = null;
  for (const { container, hold } of found.holds) {
    const uuids = deviceUuidsOf(container);
    if (hold === null || uuids.length === 0) continue;
    const left = found.goneOf(container);
    // What does not live cannot use what is gone, nor start again with it.
    if (left.length > 0 && hold.strength < strengths.live) continue;
    gone.push(...left);
    for (const uuid of uuids) grip(uuid, { strength: hold.strength, promisedAt: promisedAt(container) });
    if (!outlasts(hold, strongest)) continue;
    strongest = hold;
  }
  for (const uuid of found.reserved) grip(uuid, { strength: strengths.reserved, promisedAt: Infinity });
  if (grips.size === 0) return null;
  const { state, until, untilCause } = strongest ?? allocated(strengths.reserved, found.reservedUntil);
  const containerIds = containers.map((container) => container.id);
  const deviceUuids = [...grips.keys()];
  const claim = { uid, namespace, name, deviceUuids, state, until, untilCause, containerIds };
  return { grips, claim: gone.length === 0 ? claim : { ...claim, gone } };
}

/** The firmer of two holds, and of equally firm ones the one that lasts longer, says how long it all lasts. */
function outlasts(hold: Hold, other: Hold | null): boolean {
  if (other === null) return true;
  const [one, two] = [hold, other].map(
    ({ strength, state }) => strength * 2 + (state === "Allocated" ? 1 : 0),
  );
  if (one !== two) return (one ?? 0) > (two ?? 0);
  return (hold.until ?? Infinity) > (other.until ?? Infinity);
}

function promisedAt(container: ObservedContainer): number {
  const written = Date.parse(container.labels[labels.gpuAllocated] ?? "");
  return Number.isNaN(written) ? container.createdAt : written;
}

function allocated(strength: number, until: number | null = null): Hold {
  return { strength, state: "Allocated", until, untilCause: until === null ? null : "maxRuntime" };
}

function held(untilCause: string, until: number | null = null): Hold {
  return { strength: strengths.stopped, state: "Held", until, untilCause };
}

function processHold(container: ObservedContainer): Hold | null {
  if (isLive(container) || container.state === "removing") return allocated(strengths.live);
  if (container.lingering !== true) return null;
  return { ...held("processes of it still live"), strength: strengths.live };
}

function neverStarted(container: ObservedContainer, until: number | null = null): Hold | null {
  return container.startedAt === null ? allocated(strengths.created, until) : null;
}

/** When work ends that starts now; null without maxRuntime. */
function endFromNow({ limits, now }: ClaimInput): number | null {
  const maxRuntimeMs = limits?.maxRuntimeMs.value ?? null;
  return maxRuntimeMs === null ? null : now + maxRuntimeMs;
}

/** What a container holds that is being removed. */
function leaving(container: ObservedContainer, releasedContainerId: string | null): Hold | null {
  const firm = processHold(container) ?? neverStarted(container);
  if (firm !== null) return { ...firm, untilCause: firm.untilCause ?? "removal" };
  return releasedContainerId === container.id ? null : held("removal");
}

function holdOf(container: ObservedContainer, input: ClaimInput): Hold | null {
  const { record, limits, now } = input;
  if (record.deletion !== null) return leaving(container, record.memory.releasedContainerId);
  if (isLive(container)) {
    const until = limits === null ? null : expiresAt(container, record, limits);
    return allocated(strengths.live, until);
  }
  const firm = processHold(container) ?? neverStarted(container, endFromNow(input));
  if (firm !== null) return firm;
  if (record.memory.releasedContainerId === container.id) return null;
  // What gave way holds nothing: its devices are for those it gave way to.
  if (record.memory.stopCause === "Preempted") return null;
  if (input.isStopped !== true && mayRestart(record, now)) return allocated(strengths.stopped);
  const until = limits === null ? null : holdUntil(container, limits);
  if (until != null && until <= now) return null;
  return held("holdGpuAfterStop", until ?? null);
}

/** A crashed container keeps its devices for the restart; one that was stopped, is done or kept back only for the hold. */
function mayRestart(record: ContainerRecord, now: number): boolean {
  const { spec, memory, generation } = record;
  if (spec === null) return true;
  if (wasKeptBack(record)) return false;
  if (spec.desiredState === "Stopped" || memory.stopCause === "SpecStopped") return false;
  const { stopCause } = memory;
  if (stopCause === "MaxRuntimeExceeded" || stopCause === "IdleTimeout" || stopCause === "EmergencyStop")
    return false;
  const { failure } = memory;
  if (failure?.stalled === true && failure.generation === generation && isPutOff(failure, now)) return false;
  return memory.finished === null;
}

/**
 * Leaves each device to whoever holds it most firmly. Processes are never argued away: two that live on one
 * device both hold it. A stopped container that lost one of its devices holds none.
 */
export function resolveOverlaps(claims: readonly ContestedClaim[]): readonly ManagedClaim[] {
  const winners = new Map<string, { readonly uid: string; readonly grip: Grip }>();
  for (const { claim, grips } of claims) {
    for (const [uuid, grip] of grips) {
      const best = winners.get(uuid);
      if (best === undefined || isFirmer(grip, claim.uid, best)) winners.set(uuid, { uid: claim.uid, grip });
    }
  }
  return claims.flatMap(({ claim, grips }) => {
    const kept = [...grips]
      .filter(([uuid, { strength }]) => strength === strengths.live || winners.get(uuid)?.uid === claim.uid)
      .map(([uuid]) => uuid);
    const isStopped = [...grips.values()].every(({ strength }) => strength === strengths.stopped);
    if (kept.length === 0 || (isStopped && kept.length < grips.size)) return [];
    return [{ ...claim, deviceUuids: kept }];
  });
}

function isFirmer(grip: Grip, uid: string, best: { readonly uid: string; readonly grip: Grip }): boolean {
  const difference = compareGrips(grip, best.grip);
  return difference === 0 ? uid > best.uid : difference > 0;
}

/** Positive when `left` beats `right`. */
function compareGrips(left: Grip, right: Grip): number {
  if (left.strength !== right.strength) return left.strength - right.strength;
  return left.promisedAt === right.promisedAt ? 0 : left.promisedAt > right.promisedAt ? 1 : -1;
}

/** What containers that are not ours can see of the GPUs; `null` for one that sees none. */
export function unmanagedClaim(
  container: ObservedContainer,
  instance: string,
  owner: string | null = null,
): UnmanagedClaim | null {
  const ours = container.labels[labels.managed] === "true" && container.labels[labels.instance] === instance;
  if (ours || !(isLive(container) || container.lingering === true)) return null;
  const { all, ids } = container.gpuClaims;
  const labelled = container.labels[labels.managed] === "true" ? deviceUuidsOf(container) : [];
  if (!all && ids.length === 0 && labelled.length === 0) return null;
  return {
    containerName: container.name,
    containerId: container.id,
    owner,
    origin: originOf(container),
    all,
    ids: [...new Set([...ids, ...labelled])],
  };
}
