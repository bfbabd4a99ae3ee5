import { allocate, type Allocation, mismatch } from "./allocate.ts";
import { fitsWithin } from "../quota/gpu-equivalents.ts";
import { idleEquivalents, keptBackFrom, type KeptBack, type Lender } from "./borrowing.ts";
import { canCombine } from "./choose-devices.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { Nomination, Tenant } from "./preemption.ts";
import { QuotaBook } from "./quota-book.ts";
import type { ScheduleInput } from "./schedule-input.ts";
import { earliestStart, type Reservation, type ReservationInput, reservedAgainst } from "./reservations.ts";
import { cuttableSlices } from "./recut.ts";

export type Shortage = "DevicesUnhealthy" | "DevicesCordoned" | "WaitingForDevices";

/**
 * What one scheduling pass works on: leases, reservations and quota change as demands are looked at in order. Answers
 * about what is asked for are kept for all who ask for the same, as a queue of a thousand has a few shapes.
 */
export class Pass {
  readonly input: ScheduleInput;
  readonly quota = new QuotaBook();
  /** Demands that can be served only beyond their owner's nominal quota. */
  borrowers: ReadonlySet<DeviceDemand> = new Set();
  /** Who is nominated for devices, by uid: from earlier passes and in this one. */
  readonly nominations = new Map<string, Nomination>();
  /** When there may be somebody to give way who has not run for long enough yet, by uid. */
  readonly looksAgain = new Map<string, number>();
  readonly #reservations: Reservation[] = [];
  #leases: readonly Lease[];
  #holders: ReadonlySet<string>;
  #tenants: readonly Tenant[] | undefined;
  #lenders: readonly Lender[] | undefined;
  readonly #shapes = new Map<DeviceDemand, string>();
  /** Answers that hold for the whole pass, by shape. */
  readonly #possible = new Map<string, boolean>();
  readonly #leastCosts = new Map<string, number>();
  readonly #shortages = new Map<string, Shortage>();
  /** Answers that hold until something is taken or reserved. */
  readonly #allocations = new Map<string, Allocation>();
  readonly #starts = new Map<string, Reservation | null>();

  constructor(input: ScheduleInput) {
    this.input = input;
    this.#leases = input.leases;
    this.#holders = holdersOf(input.leases);
  }

  get leases(): readonly Lease[] {
    return this.#leases;
  }

  get reservations(): readonly Reservation[] {
    return this.#reservations;
  }

  /** Leases, and devices that are free but needed by work that comes first. */
  leasesAgainst(demand: DeviceDemand): readonly Lease[] {
    return [...this.#leases, ...reservedAgainst(demand, this.#reservations, this.input.now)];
  }

  /** What the demand would get now if nobody came first. */
  allocation(demand: DeviceDemand): Allocation {
    return this.#allocate("free", demand, () => this.#leases);
  }

  /** What the demand gets now without delaying who comes first. */
  allocationAgainst(demand: DeviceDemand): Allocation {
    return this.#allocate("against", demand, () => this.leasesAgainst(demand));
  }

  /** True when some state of this host's devices could satisfy the demand. */
  canEver(demand: DeviceDemand): boolean {
    return kept(this.#possible, this.#shapeOf(demand), () => {
      return canCombine(demand, this.#rightDevices(demand), true);
    });
  }

  /** Also slices that ds01 could cut, where it may: they stand for what is not there yet. */
  #rightDevices(demand: DeviceDemand): readonly Device[] {
    const { devices } = this.input.inventory;
    const right = devices.filter((device) => mismatch(demand, device) === undefined);
    const possible = cuttableSlices(demand, devices).filter(
      (device) => mismatch(demand, device) === undefined,
    );
    return possible.length > right.length ? possible : right;
  }

  /** What is wrong with the devices that are right in kind, when they are not just taken. */
  shortage(demand: DeviceDemand): Shortage {
    return kept(this.#shortages, this.#shapeOf(demand), () => {
      const healthy = this.#rightDevices(demand).filter((device) => device.healthy);
      if (!canCombine(demand, healthy, true)) return "DevicesUnhealthy";
      const open = healthy.filter((device) => device.cordon === undefined);
      return canCombine(demand, open, true) ? "WaitingForDevices" : "DevicesCordoned";
    });
  }

  /** The earliest known start of a demand that does not fit now, and what it takes then; undefined: nobody knows. */
  earliestStart(demand: DeviceDemand): Reservation | undefined {
    const owner = demand.quotaLeft === null ? "" : demand.namespace;
    const compute = (): Reservation | null =>
      earliestStart(demand, this.#reservations, this.reservationInput()) ?? null;
    const found = kept(this.#starts, `${owner} ${this.#shapeOf(demand)}`, compute);
    return found === null ? undefined : { ...found, demand };
  }

  reservationInput(): ReservationInput {
    return { ...this.input, leases: this.#leases, quota: this.quota };
  }

  /** GPU-equivalents of the smallest devices that fit; those of its own cost nothing more. */
  leastCost(demand: DeviceDemand): number {
    const own = this.ownDevices(demand);
    const { devices } = this.input.inventory;
    const compute = (): number => leastCost(demand, [...devices, ...cuttableSlices(demand, devices)], own);
    return own.length > 0 ? compute() : kept(this.#leastCosts, this.#shapeOf(demand), compute);
  }

  ownDevices(demand: DeviceDemand): readonly string[] {
    if (!this.#holders.has(demand.uid)) return [];
    return this.#leases.filter((lease) => isHeldBy(lease, demand)).map((lease) => lease.deviceUuid);
  }

  /** Who holds devices and may have to give way. */
  tenants(): readonly Tenant[] {
    this.#tenants ??= this.input.tenants?.() ?? [];
    return this.#tenants;
  }

  /** Whose idle quota keeps the demand from borrowing so much; undefined when nobody's does. */
  lendersInTheWay(demand: DeviceDemand, cost: number): KeptBack | undefined {
    if (this.quota.fitsNominal(demand, cost)) return undefined;
    this.#lenders ??= this.input.lenders?.() ?? [];
    const now = this.#lenders.map((lender) => ({
      ...lender,
      unused: Math.max(0, lender.unused - this.quota.spent(lender.user)),
    }));
    const kept = keptBackFrom(demand, now);
    if (kept.gpuEquivalents === 0) return undefined;
    const idle = idleEquivalents(this.input.inventory.devices, this.#leases);
    return fitsWithin(cost + kept.gpuEquivalents, idle) ? undefined : kept;
  }

  /** Gives the devices to the demand. */
  take(demand: DeviceDemand, devices: readonly Device[], cost: number): void {
    const uuids = devices.map((device) => device.uuid);
    const others = this.#leases.filter(
      (lease) => !(isHeldBy(lease, demand) && uuids.includes(lease.deviceUuid)),
    );
    this.quota.spend(demand, cost);
    this.#leases = [...others, ...leasesFor(demand, devices, this.input.now)];
    this.#holders = holdersOf(this.#leases);
    this.#forget();
  }

  reserve(reservation: Reservation): void {
    this.#reservations.push(reservation);
    this.#forget();
  }

  #forget(): void {
    this.#allocations.clear();
    this.#starts.clear();
  }

  #allocate(kind: "free" | "against", demand: DeviceDemand, leases: () => readonly Lease[]): Allocation {
    // Leases and reservations of its own are no obstacle to a demand.
    const isAlone =
      this.#holders.has(demand.uid) || this.#reservations.some((other) => other.demand === demand);
    const compute = (): Allocation => allocate(demand, { ...this.input, leases: leases() });
    return isAlone ? compute() : kept(this.#allocations, `${kind} ${this.#shapeOf(demand)}`, compute);
  }

  /** Everything that says which devices fit and for how long they are wanted, and nothing of whose demand it is. */
  #shapeOf(demand: DeviceDemand): string {
    return kept(this.#shapes, demand, () => {
      const {
        uid: _uid,
        namespace: _namespace,
        name: _name,
        priority: _priority,
        submittedAt: _submittedAt,
        ready: _ready,
        reclaims: _reclaims,
        quotaLeft: _quotaLeft,
        quotaText: _quotaText,
        ...shape
      } = demand;
      return JSON.stringify(shape);
    });
  }
}

function kept<Key, Value>(known: Map<Key, Value>, key: Key, compute: () => Value): Value {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = compute();
  known.set(key, value);
  return value;
}

function leastCost(demand: DeviceDemand, devices: readonly Device[], own: readonly string[]): number {
  const costs = devices
    .filter((device) => mismatch(demand, device) === undefined)
    .map((device) => (own.includes(device.uuid) ? 0 : device.gpuEquivalents))
    .toSorted((a, b) => a - b);
  return costs.slice(0, demand.count).reduce((sum, cost) => sum + cost, 0);
}

function isHeldBy(lease: Lease, demand: DeviceDemand): boolean {
  return lease.holder.type === "object" && lease.holder.uid === demand.uid;
}

function holdersOf(leases: readonly Lease[]): ReadonlySet<string> {
  return new Set(leases.flatMap(({ holder }) => (holder.type === "object" ? [holder.uid] : [])));
}

function leasesFor(
  { uid, namespace, name, maxRuntimeMs }: DeviceDemand,
  devices: readonly Device[],
  now: number,
): readonly Lease[] {
  return devices.map((device) => ({
    deviceUuid: device.uuid,
    holder: { type: "object", uid, namespace, name },
    state: "Allocated",
    until: maxRuntimeMs === null ? null : now + maxRuntimeMs,
    untilCause: maxRuntimeMs === null ? null : "maxRuntime",
  }));
}
