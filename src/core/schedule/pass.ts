import { allocate, type Allocation } from "./allocate.ts";
import { fitsWithin } from "../quota/gpu-equivalents.ts";
import { idleEquivalents, keptBackFrom, type KeptBack, type Lender } from "./borrowing.ts";
import { Calendar } from "./calendar.ts";
import { canCombine } from "./choose-devices.ts";
import { holdersOf, isHeldBy, leasesFor } from "./demand-leases.ts";
import type { Device } from "./device.ts";
import { leastCost } from "./least-cost.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { Nomination, Tenant } from "./preemption.ts";
import { QuotaBook } from "./quota-book.ts";
import type { ScheduleInput } from "./schedule-input.ts";
import { asLeases, earliestStart, type Reservation, type ReservationInput } from "./reservations.ts";
import { cuttableSlices, possibleDevices } from "./cuttable.ts";
import { type Shape, shapeText, type Shortage } from "./shape.ts";

/**
 * What one scheduling pass works on: leases, reservations and quota change as demands are looked at in order. Answers
 * about what is asked for are kept for all who ask for the same, as a queue of a thousand has a few shapes.
 */
export class Pass {
  readonly input: ScheduleInput;
  readonly quota = new QuotaBook();
  readonly calendar: Calendar;
  /** Demands that can be served only beyond their owner's nominal quota. */
  borrowers: ReadonlySet<DeviceDemand> = new Set();
  /** Who is nominated for devices, by uid: from earlier passes and in this one. */
  readonly nominations = new Map<string, Nomination>();
  /** When there may be somebody to give way who has not run for long enough yet, by uid. */
  readonly looksAgain = new Map<string, number>();
  readonly #reservations: Reservation[] = [];
  readonly #reserved = new Set<DeviceDemand>();
  #leases: readonly Lease[];
  #holders: ReadonlySet<string>;
  #tenants: readonly Tenant[] | undefined;
  #lenders: readonly Lender[] | undefined;
  readonly #shapes = new Map<string, Shape>();
  readonly #shapeOf = new Map<DeviceDemand, Shape>();
  /** Leases and reservations in the way, by the number of reservations. */
  readonly #against = new Map<number, readonly Lease[]>();

  constructor(input: ScheduleInput) {
    this.input = input;
    this.#leases = input.leases;
    this.#holders = holdersOf(input.leases);
    this.calendar = input.calendar ?? noReservations;
  }

  get leases(): readonly Lease[] {
    return this.#leases;
  }

  get reservations(): readonly Reservation[] {
    return this.#reservations;
  }

  /** Leases, and devices that are free but needed by work that comes first. */
  leasesAgainst(demand: DeviceDemand): readonly Lease[] {
    return this.#booked(demand, this.#leasesOfEarlier(demand));
  }

  /** With what admins have reserved for others, and without what yields to a reservation for its owner. */
  #booked(demand: DeviceDemand, leases: readonly Lease[]): readonly Lease[] {
    const { calendar } = this;
    if (calendar.isEmpty) return leases;
    const counted = calendar.countedAgainst(demand.namespace, leases, this.input.now);
    return [...counted, ...calendar.against(demand)];
  }

  #leasesOfEarlier(demand: DeviceDemand): readonly Lease[] {
    if (this.#reserved.has(demand)) return this.#leasesAgainst(demand);
    const count = this.#reservationsAgainst(demand);
    const known = this.#against.get(count);
    if (known !== undefined) return known;
    const leases = this.#leasesAgainst(demand);
    this.#against.set(count, leases);
    return leases;
  }

  #leasesAgainst(demand: DeviceDemand): readonly Lease[] {
    const reserved = this.#reservations.filter(
      (other) => other.demand !== demand && this.#isAgainst(other, demand),
    );
    return [...this.#leases, ...reserved.flatMap(asLeases)];
  }

  /** Demands that meet as many reservations meet the same ones: all that begin before some moment. */
  #reservationsAgainst(demand: DeviceDemand): number {
    let count = 0;
    for (const other of this.#reservations) if (this.#isAgainst(other, demand)) count += 1;
    return count;
  }

  /** True when it begins before the demand, given devices now, would have ended. */
  #isAgainst({ from }: Reservation, { maxRuntimeMs }: DeviceDemand): boolean {
    return from < this.input.now + (maxRuntimeMs ?? Infinity);
  }

  /** What the demand would get now if nobody came first. */
  allocation(demand: DeviceDemand): Allocation {
    const find = (): Allocation => this.#allocate(demand, this.#booked(demand, this.#leases));
    if (this.#isOwnObstacle(demand)) return find();
    const shape = this.#shape(demand);
    shape.free ??= find();
    return shape.free;
  }

  /** What the demand gets now without delaying who comes first. */
  allocationAgainst(demand: DeviceDemand): Allocation {
    if (this.#isOwnObstacle(demand)) return this.#allocate(demand, this.leasesAgainst(demand));
    const { against } = this.#shape(demand);
    const count = this.#reservationsAgainst(demand);
    const known = against.get(count);
    if (known !== undefined) return known;
    const allocation = this.#allocate(demand, this.leasesAgainst(demand));
    against.set(count, allocation);
    return allocation;
  }

  /** What the demand gets now of these devices. */
  allocationAmong(demand: DeviceDemand, uuids: readonly string[]): Allocation {
    const devices = this.input.inventory.devices.filter(({ uuid }) => uuids.includes(uuid));
    const inventory = { ...this.input.inventory, devices };
    return allocate(demand, { ...this.input, inventory, leases: this.leasesAgainst(demand) });
  }

  /** True when nothing but reservations of admins keeps it from starting. */
  isReservedForOthers(demand: DeviceDemand): boolean {
    if (this.calendar.isEmpty || this.allocation(demand).type === "allocated") return false;
    const find = (): boolean => this.#allocate(demand, this.#leases).type === "allocated";
    if (this.#isOwnObstacle(demand)) return find();
    const shape = this.#shape(demand);
    shape.unbooked ??= find();
    return shape.unbooked;
  }

  /**
   * The longest maxRuntime in milliseconds with which it would start now, before what admins have reserved begins; null:
   * none would do.
   */
  longestNow(demand: DeviceDemand): number | null {
    const found = this.calendar.gapsFor(demand).find((maxRuntimeMs) => {
      const shorter = { ...demand, maxRuntimeMs };
      return this.#allocate(shorter, this.leasesAgainst(shorter)).type === "allocated";
    });
    return found ?? null;
  }

  /** Leases and reservations of its own are no obstacle to a demand. */
  #isOwnObstacle(demand: DeviceDemand): boolean {
    return this.#holders.has(demand.uid) || this.#reserved.has(demand);
  }

  #allocate(demand: DeviceDemand, leases: readonly Lease[]): Allocation {
    return allocate(demand, { ...this.input, leases });
  }

  /** True when some state of this host's devices could satisfy the demand. */
  canEver(demand: DeviceDemand): boolean {
    const shape = this.#shape(demand);
    shape.possible ??= canCombine(demand, this.#possibleDevices(demand), true);
    return shape.possible;
  }

  #possibleDevices(demand: DeviceDemand): readonly Device[] {
    return possibleDevices(demand, this.input.inventory.devices, this.#cuttable(demand));
  }

  #cuttable(demand: DeviceDemand): readonly Device[] {
    const shape = this.#shape(demand);
    shape.cuttable ??= cuttableSlices(demand, this.input.inventory.devices);
    return shape.cuttable;
  }

  /** What is wrong with the devices that are right in kind, when they are not just taken. */
  shortage(demand: DeviceDemand): Shortage {
    const shape = this.#shape(demand);
    shape.shortage ??= this.#findShortage(demand);
    return shape.shortage;
  }

  #findShortage(demand: DeviceDemand): Shortage {
    const healthy = this.#possibleDevices(demand).filter((device) => device.healthy);
    if (!canCombine(demand, healthy, true)) return "DevicesUnhealthy";
    const open = healthy.filter((device) => device.cordon === undefined);
    return canCombine(demand, open, true) ? "WaitingForDevices" : "DevicesCordoned";
  }

  /** The earliest known start of a demand that does not fit now, and what it takes then; undefined: nobody knows. */
  earliestStart(demand: DeviceDemand): Reservation | undefined {
    const { starts } = this.#shape(demand);
    const owner = demand.quotaLeft === null ? "" : demand.namespace;
    const key = `${demand.maxRuntimeMs ?? ""} ${owner}`;
    let found = starts.get(key);
    if (found === undefined) {
      found = earliestStart(demand, this.#reservations, this.reservationInput()) ?? null;
      starts.set(key, found);
    }
    return found === null ? undefined : { ...found, demand };
  }

  reservationInput(): ReservationInput {
    const { calendar, quota } = this;
    return { ...this.input, leases: this.#leases, quota, ...(calendar.isEmpty ? {} : { calendar }) };
  }

  /** GPU-equivalents of the smallest devices that fit; those of its own cost nothing more. */
  leastCost(demand: DeviceDemand): number {
    const own = this.ownDevices(demand);
    if (own.length > 0) return this.#leastCost(demand, own);
    const shape = this.#shape(demand);
    shape.leastCost ??= this.#leastCost(demand, own);
    return shape.leastCost;
  }

  #leastCost(demand: DeviceDemand, own: readonly string[]): number {
    const { devices } = this.input.inventory;
    return leastCost(demand, [...devices, ...this.#cuttable(demand)], own);
  }

  ownDevices(demand: DeviceDemand): readonly string[] {
    if (!this.#holders.has(demand.uid)) return none;
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
    for (const shape of this.#shapes.values()) {
      delete shape.free;
      delete shape.unbooked;
    }
    this.#forget();
  }

  reserve(reservation: Reservation): void {
    this.#reservations.push(reservation);
    this.#reserved.add(reservation.demand);
    this.#forget();
  }

  /** Forgets what holds until something is taken or reserved. */
  #forget(): void {
    this.#against.clear();
    for (const { against, starts } of this.#shapes.values()) {
      against.clear();
      starts.clear();
    }
  }

  /** Where something is reserved it matters for whom, and how long it would take. */
  #bookedShape({ namespace, maxRuntimeMs }: DeviceDemand): string {
    return this.calendar.isEmpty ? "" : `${this.calendar.admissionOf(namespace)} ${maxRuntimeMs ?? ""} `;
  }

  #shape(demand: DeviceDemand): Shape {
    const known = this.#shapeOf.get(demand);
    if (known !== undefined) return known;
    const text = this.#bookedShape(demand) + shapeText(demand);
    const shape = this.#shapes.get(text) ?? { against: new Map(), starts: new Map() };
    this.#shapes.set(text, shape);
    this.#shapeOf.set(demand, shape);
    return shape;
  }
}

const none: readonly string[] = [];
const noReservations = new Calendar([], { devices: [], leases: [], now: 0 });
