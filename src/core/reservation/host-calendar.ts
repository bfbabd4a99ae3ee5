import { remainingRuntimeMs } from "../expiry.ts";
import type { ReservedDevices } from "../health/relocation.ts";
import { stopsToStart } from "../lifecycle/between-tries.ts";
import type { ObservedContainer } from "../observed.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import type { ContainerRecord, ReservationRecord } from "../record.ts";
import { Calendar } from "../schedule/calendar.ts";
import type { Device } from "../schedule/device.ts";
import type { Lease, ManagedClaim } from "../schedule/lease.ts";
import { blockedBookings, type BlockedBooking } from "./blocked-bookings.ts";
import { bookingsOf } from "./booking.ts";
import { keepDevices, type KeptDevices } from "./keep-devices.ts";
import { reservedRestart } from "./reserved-restart.ts";

export interface HostCalendarInput {
  readonly bookings: readonly ReservationRecord[];
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly records: readonly ContainerRecord[];
  readonly devices: readonly Device[];
  readonly leases: readonly Lease[];
  readonly claims: ReadonlyMap<string, ManagedClaim>;
  readonly containersOf: ReadonlyMap<string, readonly ObservedContainer[]>;
  readonly limitsOf: (record: ContainerRecord) => EffectiveLimits | null;
  /** Uids that devices were promised to in this moment. */
  readonly promised: ReadonlyMap<string, unknown>;
  readonly now: number;
}

/** What admins have reserved, as everybody on the host meets it now. */
export interface HostCalendar {
  readonly kept: readonly KeptDevices[];
  readonly calendar: Calendar;
  readonly blocking: ReadonlyMap<string, BlockedBooking>;
  /** Of an object's devices those on which it does not start again; with the words for it. */
  readonly reservedFrom: (record: ContainerRecord) => ReservedDevices;
  /** The leases that count for scheduling: what does not start again on a device does not keep it from others. */
  readonly leases: readonly Lease[];
}

const nothing: ReservedDevices = new Map();

/** Reads the calendar of this moment. */
export function hostCalendar(input: HostCalendarInput): HostCalendar {
  const { devices, leases, claims, containersOf, limitsOf, now } = input;
  const book = { devices, leases, now };
  const kept = keepDevices(bookingsOf(input.bookings, input.groups, now), book);
  const calendar = new Calendar(kept, book);
  const reservedFrom = (record: ContainerRecord): ReservedDevices => {
    if (calendar.isEmpty) return nothing;
    const containers = containersOf.get(record.uid) ?? [];
    const limits = limitsOf(record);
    return reservedRestart({
      namespace: record.namespace,
      maxRuntimeMs: limits === null ? null : remainingRuntimeMs(containers, record, limits),
      deviceUuids: claims.get(record.uid)?.deviceUuids ?? [],
      isBegunAnew: stopsToStart.has(record.memory.stopCause ?? ""),
      containers,
      devices,
      calendar,
      now,
    });
  };
  return {
    kept,
    calendar,
    blocking: blockedBookings(kept, book),
    reservedFrom,
    leases: calendar.isEmpty ? leases : withoutGivenUp(input, reservedFrom),
  };
}

function withoutGivenUp(
  { leases, records, containersOf, promised }: HostCalendarInput,
  reservedFrom: HostCalendar["reservedFrom"],
): readonly Lease[] {
  const byUid = new Map(records.map((record) => [record.uid, record]));
  return leases.filter(({ holder, state, deviceUuid }) => {
    if (holder.type !== "object" || state !== "Allocated" || promised.has(holder.uid)) return true;
    const record = byUid.get(holder.uid);
    const lingers = (containersOf.get(holder.uid) ?? []).some(({ lingering }) => lingering === true);
    return record === undefined || lingers || !reservedFrom(record).has(deviceUuid);
  });
}
