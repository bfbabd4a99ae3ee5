import { emergencyStopFor, unreadableAmong, type EmergencyStop } from "./emergency-stop.ts";
import { formatTime } from "./format-time.ts";
import type { StartGate } from "./jobs/start-gate.ts";
import { startGates } from "./jobs/start-gates.ts";
import type { ReservedDevices } from "./health/relocation.ts";
import type { ClockReading } from "./container-clock.ts";
import { reckonedByUid } from "./managed-containers.ts";
import type { ObservedContainer } from "./observed.ts";
import type { CannotLimit } from "./quota/engine-limits.ts";
import { knownLimits, quotaLookup } from "./quota/known-limits.ts";
import type { EffectiveLimits, ResolvedQuota, UserUsage } from "./quota/limits.ts";
import type { PreemptionNotice } from "./lifecycle/memory.ts";
import type { ContainerRecord, QuotaRecord, ReservationRecord } from "./record.ts";
import type { BlockedBooking } from "./reservation/blocked-bookings.ts";
import { hostCalendar } from "./reservation/host-calendar.ts";
import type { KeptDevices } from "./reservation/keep-devices.ts";
import {
  claimOf,
  orphanClaim,
  resolveOverlaps,
  unmanagedClaim,
  type Reservation,
} from "./schedule/claims.ts";
import { demandOf } from "./schedule/demands.ts";
import type { Inventory } from "./schedule/device.ts";
import { originOf } from "./schedule/foreign-container.ts";
import { goneDevices, type GoneDevice } from "./schedule/given-devices.ts";
import { computeLeases } from "./schedule/ledger.ts";
import type { DeviceDemand, Lease, ManagedClaim } from "./schedule/lease.ts";
import type { PreemptionSettings } from "./schedule/preemption.ts";
import type { ScheduleOutcome } from "./schedule/outcome.ts";
import { entryHours, type RecentUse } from "./schedule/queue-order.ts";
import { expectationsOf } from "./run-expectations.ts";
import type { RunHistory } from "./schedule/run-history.ts";
import { schedule } from "./schedule/queue.ts";
import type { ScheduleInput } from "./schedule/schedule-input.ts";
import { wantedDevices } from "./schedule/wanted-devices.ts";
import type { Strategy } from "./schedule/strategies.ts";
import { borrowersOf, lendersOf, nominationsOf, noticesOf, tenantsOf } from "./tenancy.ts";
import { usageOf } from "./usage.ts";

/** Everything on the host that decisions share, read at one moment. */
export interface HostInput {
  readonly records: readonly ContainerRecord[];
  readonly quotas: readonly QuotaRecord[];
  /** What admins have reserved; absent: nothing. */
  readonly bookings?: readonly ReservationRecord[];
  /** Unix groups of each namespace's user. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly containers: readonly ObservedContainer[];
  readonly instance: string;
  readonly inventory: Inventory;
  readonly reservations: ReadonlyMap<string, Reservation>;
  /** Whether the image and the files an object needs are on this host. */
  readonly inputsReady: (record: ContainerRecord) => boolean;
  readonly strategy: Strategy;
  /** Whose the containers are that are not ours, by container id, as far as that is known. */
  readonly foreignOwners?: ReadonlyMap<string, string>;
  /** What everybody has used of late, for the order of the queue; absent: nothing. */
  readonly recentUse?: RecentUse;
  /** How long earlier work took, to tell who waits; absent: nothing is known. */
  readonly runHistory?: RunHistory;
  /** Strategies that a spec may name; absent: none. */
  readonly strategyOverrides?: readonly Strategy[];
  /** Told what each demand meets at its turn, for who wants to know why. */
  readonly onTurn?: ScheduleInput["onTurn"];
  /** What admins have stopped at once; absent: nothing. */
  readonly emergencyStops?: readonly EmergencyStop[];
  /** What has to give way to what; absent: nothing. */
  readonly preemption?: PreemptionSettings;
  /** CPUs of this machine; absent where that is not known. */
  readonly machineCpus?: number;
  /** Limits that the engine cannot keep; absent: none. */
  readonly cannotLimit?: CannotLimit;
  readonly now: number;
  /** Where the wall clock stands; absent or null: only it is known. */
  readonly clock?: ClockReading | null;
}

/** Who holds what, who gets what next, and what everybody uses: computed, never stored. */
export interface HostView {
  readonly claims: ReadonlyMap<string, ManagedClaim>;
  readonly leases: readonly Lease[];
  readonly devices: Inventory["devices"];
  readonly outcomes: ReadonlyMap<string, ScheduleOutcome>;
  /** Another text whenever what stands in anybody's way may be described in other words. */
  readonly obstacles: string;
  /** What is kept for reservations as things are now. */
  readonly kept: readonly KeptDevices[];
  /** Uid of work that holds kept devices beyond the beginning of a window -> what to tell about it. */
  readonly blocking: ReadonlyMap<string, BlockedBooking>;
  /** Everything that wants devices now. */
  readonly demands: readonly DeviceDemand[];
  readonly containersOf: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** UUID -> what the device is called now. */
  readonly slots: ReadonlyMap<string, string>;
  /** Uids of objects whose devices are beyond their owner's nominal quota. */
  readonly borrowers: ReadonlySet<string>;
  /** What has to end before which object may start, by uid. */
  readonly gates: ReadonlyMap<string, StartGate>;
  /** Who has to give way, by uid. */
  readonly notices: ReadonlyMap<string, PreemptionNotice>;
  quotaOf(namespace: string): ResolvedQuota;
  /** Of an object's devices those on which it does not start again, as they are reserved for others. */
  reservedFrom(record: ContainerRecord): ReservedDevices;
  /** GPU-equivalents that the namespace's objects hold beyond its nominal quota. */
  borrowedBy(namespace: string): number;
  /** Use of the namespace's objects without the one of `exceptUid`. */
  usage(namespace: string, exceptUid: string | null): UserUsage;
}

/** Computes the view from what was observed and what was promised in this moment. */
export function hostView(input: HostInput): HostView {
  const containersOf = reckonedByUid(input);
  const { machineCpus, strategyOverrides, cannotLimit } = input;
  const quotaOf = quotaLookup(input.quotas, input.groups, {
    ...(machineCpus === undefined ? {} : { machineCpus }),
    ...(cannotLimit === undefined ? {} : { cannotLimit }),
    ...(strategyOverrides === undefined ? {} : { strategies: strategyOverrides }),
  });
  const limitsOf = (record: ContainerRecord): EffectiveLimits | null =>
    knownLimits(record, quotaOf(record.namespace));
  const claims = claimsOf(input, containersOf, limitsOf);
  const ownerOf = (id: string): string | null => input.foreignOwners?.get(id) ?? null;
  const leases = computeLeases({
    devices: input.inventory.devices,
    managed: [...claims.values()],
    unmanaged: input.containers.flatMap(
      (container) => unmanagedClaim(container, input.instance, ownerOf(container.id)) ?? [],
    ),
    usage: input.inventory.usage,
    containerById: (id) => {
      const container = input.containers.find((one) => one.id === id);
      if (container === undefined) return undefined;
      return { id, name: container.name, owner: ownerOf(id), origin: originOf(container) };
    },
  });
  const { usage, usedBy, heldBy } = usageOf(input, claims, containersOf);
  const recentUse = withRunning(input, claims, limitsOf);
  const { records, quotas, now, clock = null } = input;
  const nominations = nominationsOf(records, clock);
  const tenancy = { records, claims, containersOf, heldBy, quotaOf, limitsOf, recentUse, now };
  const borrowers = borrowersOf(tenancy);
  const {
    kept,
    calendar,
    blocking,
    reservedFrom,
    leases: counted,
  } = hostCalendar({
    bookings: input.bookings ?? [],
    groups: input.groups,
    records,
    devices: input.inventory.devices,
    leases,
    claims,
    containersOf,
    limitsOf,
    promised: input.reservations,
    now,
  });
  const gates = startGates({ records, containersOf, reservations: input.reservations });
  const demands = input.records.flatMap((record) => {
    if (record.spec === null || wantedDevices(record.spec) === undefined) return [];
    const recordLimits = limitsOf(record);
    if (recordLimits === null) return [];
    const demand = demandOf({
      record,
      limits: recordLimits,
      quota: quotaOf(record.namespace),
      claim: claims.get(record.uid) ?? null,
      devices: input.inventory.devices,
      containers: containersOf.get(record.uid) ?? [],
      used: usedBy(record.namespace),
      inputsReady: input.inputsReady(record),
      isStopped: isStopped(input, record) || unreadableAmong(input.emergencyStops ?? []) !== null,
      isKeptBack: gates.has(record.uid),
      reserved: reservedFrom(record),
      now: input.now,
    });
    return demand === null ? [] : [demand];
  });
  const outcomes = schedule({
    demands,
    calendar,
    inventory: input.inventory,
    leases: counted,
    strategy: input.strategy,
    recentUse,
    now,
    clock,
    formatTime,
    tenants: () => tenantsOf(tenancy, borrowers),
    lenders: () =>
      lendersOf(
        [
          ...records.map(({ namespace }) => namespace),
          ...quotas.flatMap(({ spec }) => spec?.subjects.users ?? []),
        ],
        quotaOf,
        (user) => usage(user, null).gpuEquivalents,
      ),
    nominations,
    ...expectationsOf(input.runHistory, { records, claims, containersOf }, now),
    ...(input.preemption === undefined ? {} : { preemption: input.preemption }),
    ...(input.onTurn === undefined ? {} : { onTurn: input.onTurn }),
  });
  const slots = new Map(input.inventory.devices.map(({ uuid, slot }) => [uuid, slot]));
  const obstacles = describeObstacles(input.inventory, leases) + keptText(kept);
  return {
    kept,
    blocking,
    devices: input.inventory.devices,
    claims,
    leases,
    outcomes,
    obstacles,
    demands,
    containersOf,
    slots,
    borrowers,
    notices: noticesOf(records, nominations, outcomes, now),
    gates,
    quotaOf,
    reservedFrom,
    usage,
    borrowedBy: (namespace) =>
      records
        .filter((record) => record.namespace === namespace && borrowers.has(record.uid))
        .reduce((sum, { uid }) => sum + heldBy(uid), 0),
  };
}

/** Everything a message about waiting is made from, but for what is the demand's own. */
function describeObstacles({ ready, message, driver, devices }: Inventory, leases: readonly Lease[]): string {
  // When a lease ends moves with the time while its work is about to start; who waits for that has another eta.
  const held = leases.map(({ until: _until, ...lease }) => lease);
  return JSON.stringify([
    ready,
    message,
    driver,
    devices.map(({ links: _links, ...device }) => device),
    held,
  ]);
}

function keptText(kept: readonly KeptDevices[]): string {
  if (kept.length === 0) return "";
  return JSON.stringify(
    kept.map(({ booking, devices }) => [booking.name, booking.window, devices.map(({ uuid }) => uuid)]),
  );
}

function isStopped({ emergencyStops = [] }: HostInput, { namespace }: ContainerRecord): boolean {
  return emergencyStopFor(emergencyStops, namespace) !== null;
}

function claimsOf(
  input: HostInput,
  containersOf: ReadonlyMap<string, readonly ObservedContainer[]>,
  limitsOf: (record: ContainerRecord) => EffectiveLimits | null,
): ReadonlyMap<string, ManagedClaim> {
  const { ready, devices } = input.inventory;
  const goneOf = (container: ObservedContainer): readonly GoneDevice[] =>
    ready ? goneDevices(container, devices) : [];
  const found = input.records.flatMap((record) => {
    const containers = containersOf.get(record.uid) ?? [];
    const reservation = input.reservations.get(record.uid);
    // Of a thousand objects few hold anything, and this is asked at every change.
    if (containers.length === 0 && reservation === undefined) return [];
    const limits = limitsOf(record);
    const stopped = isStopped(input, record);
    return (
      claimOf({ record, containers, limits, reservation, goneOf, isStopped: stopped, now: input.now }) ?? []
    );
  });
  const known = new Set(input.records.map((record) => record.uid));
  const orphans = [...containersOf].flatMap(([uid, containers]) =>
    known.has(uid) ? [] : (orphanClaim(uid, containers, goneOf) ?? []),
  );
  return new Map(resolveOverlaps([...found, ...orphans]).map((claim) => [claim.uid, claim]));
}

/** Recent use, and what holds devices now as its owner's next work would count. */
function withRunning(
  { recentUse, records, inventory }: HostInput,
  claims: ReadonlyMap<string, ManagedClaim>,
  limitsOf: (record: ContainerRecord) => EffectiveLimits | null,
): RecentUse {
  const use = new Map(recentUse);
  const equivalents = new Map(inventory.devices.map((device) => [device.uuid, device.gpuEquivalents]));
  for (const record of records) {
    const claim = claims.get(record.uid);
    if (claim === undefined) continue;
    const held = claim.deviceUuids.reduce((sum, uuid) => sum + (equivalents.get(uuid) ?? 1), 0);
    const hours = held * entryHours(limitsOf(record)?.maxRuntimeMs.value ?? null);
    use.set(record.namespace, (use.get(record.namespace) ?? 0) + hours);
  }
  return use;
}
