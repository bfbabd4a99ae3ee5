import { fitsWithin } from "../quota/gpu-equivalents.ts";
import { allocate, judgeDevices } from "./allocate.ts";
import type { Calendar } from "./calendar.ts";
import { mostApart } from "./choose-devices.ts";
import type { Device, Inventory } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { QuotaBook } from "./quota-book.ts";
import type { Strategy } from "./strategies.ts";

/** Devices that a demand which waits is expected to take. */
export interface Reservation {
  readonly demand: DeviceDemand;
  readonly devices: readonly Device[];
  readonly from: number;
  /** Infinity without maxRuntime. */
  readonly to: number;
}

export interface ReservationInput {
  readonly inventory: Inventory;
  readonly leases: readonly Lease[];
  readonly strategy: Strategy;
  readonly now: number;
  readonly quota: QuotaBook;
  /** What admins have reserved; absent: nothing. */
  readonly calendar?: Calendar;
}

/** The earliest moment at which leases have ended that stand in its way, and what it takes then; undefined: nobody knows. */
export function earliestStart(
  demand: DeviceDemand,
  reservations: readonly Reservation[],
  input: ReservationInput,
): Reservation | undefined {
  const all = [...input.leases, ...reservations.flatMap(asLeases)];
  const { free, refusals } = judgeDevices(demand, input.inventory.devices, all);
  const leased = refusals.filter(({ clause }) => clause === "Leased");
  const { calendar } = input;
  const moments = ends(all, input.now, calendar?.moments() ?? []);
  for (const from of moments) {
    const to = from + (demand.maxRuntimeMs ?? Infinity);
    const isThere = (lease: Lease): boolean =>
      endOf(lease, input.now) > from && (lease.from === undefined || lease.from < to);
    // Most moments free too little, which is seen without choosing among the devices.
    const open = leased.filter(({ leases }) => !leases.some(isThere)).map(({ device }) => device);
    if (calendar === undefined && mostApart([...free, ...open]) < demand.count) continue;
    const there = all.filter(isThere);
    const leases =
      calendar === undefined
        ? there
        : [
            ...calendar.countedAgainst(demand.namespace, there, from),
            ...calendar.between(demand.namespace, from, to),
          ];
    const allocation = allocate(demand, { ...input, leases });
    if (allocation.type === "shortage") continue;
    const cost = equivalents(allocation.devices);
    const left = quotaLeftAt(from, demand, reservations, input);
    if (left === null || fitsWithin(cost, left)) return { demand, devices: allocation.devices, from, to };
  }
  return undefined;
}

/** What of the devices that could serve it is free already, kept without an end; undefined when that is nothing. */
export function keepFreeOnes(
  demand: DeviceDemand,
  reservations: readonly Reservation[],
  input: ReservationInput,
): Reservation | undefined {
  const taken = new Set(input.leases.map(({ deviceUuid }) => deviceUuid));
  const free = input.inventory.devices.filter(({ uuid }) => !taken.has(uuid)).map(({ uuid }) => uuid);
  const leases = reservations.flatMap(asLeases);
  const wish = { ...demand, preferred: free };
  const allocation = allocate(wish, { ...input, leases });
  if (allocation.type === "shortage") return undefined;
  const devices = allocation.devices.filter(({ uuid }) => !taken.has(uuid));
  return devices.length === 0 ? undefined : { demand, devices, from: input.now, to: Infinity };
}

/** True when what its owner has reserved for other work can still be taken then, in GPU-equivalents of the quota. */
export function leavesQuota(
  demand: DeviceDemand,
  cost: number,
  reservations: readonly Reservation[],
  input: ReservationInput,
): boolean {
  const end = input.now + (demand.maxRuntimeMs ?? Infinity);
  return reservations
    .filter(
      (other) => other.demand !== demand && other.demand.namespace === demand.namespace && other.from < end,
    )
    .every((other) => {
      const earlier = reservations.slice(0, reservations.indexOf(other));
      const left = quotaLeftAt(other.from, other.demand, earlier, input);
      return left === null || fitsWithin(cost + equivalents(other.devices), left);
    });
}

/** Moments at which something ends, and others to look at, soonest first. */
function ends(leases: readonly Lease[], now: number, others: readonly number[]): readonly number[] {
  const moments = new Set([...leases.map((lease) => endOf(lease, now)), ...others]);
  return [...moments].filter(Number.isFinite).toSorted((a, b) => a - b);
}

/** An overdue lease is about to end, and so is that of work which is being removed. */
export function endOf(lease: Lease, now: number): number {
  if (lease.untilCause === "removal") return now;
  return lease.until === null ? Infinity : Math.max(now, lease.until);
}

const leasesOf = new WeakMap<Reservation, readonly Lease[]>();

/** What is reserved, as everybody else meets it. */
export function asLeases(reservation: Reservation): readonly Lease[] {
  const known = leasesOf.get(reservation);
  if (known !== undefined) return known;
  const { demand, devices, from, to } = reservation;
  const { uid, namespace, name } = demand;
  const leases = devices.map((device): Lease => ({
    deviceUuid: device.uuid,
    holder: { type: "object", uid, namespace, name },
    state: "Allocated",
    from,
    until: Number.isFinite(to) ? to : null,
    untilCause: Number.isFinite(to) ? "maxRuntime" : null,
  }));
  leasesOf.set(reservation, leases);
  return leases;
}

function quotaLeftAt(
  at: number,
  demand: DeviceDemand,
  reservations: readonly Reservation[],
  input: ReservationInput,
): number | null {
  const left = input.quota.left(demand);
  if (left === null) return null;
  const isOwners = (lease: Lease): boolean =>
    lease.holder.type === "object" && lease.holder.namespace === demand.namespace;
  const freed = new Set(
    input.leases
      .filter((lease) => isOwners(lease) && endOf(lease, input.now) <= at)
      .map(({ deviceUuid }) => deviceUuid),
  );
  const taken = reservations.filter((other) => other.demand.namespace === demand.namespace && at < other.to);
  return (
    left +
    equivalents(input.inventory.devices.filter((device) => freed.has(device.uuid))) -
    equivalents(taken.flatMap(({ devices }) => devices))
  );
}

function equivalents(devices: readonly Device[]): number {
  return devices.reduce((sum, device) => sum + device.gpuEquivalents, 0);
}
