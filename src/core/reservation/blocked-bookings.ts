import { groupBy } from "../../util/group-by.ts";
import { formatTime } from "../format-time.ts";
import { describeReserved } from "../schedule/describe-bookings.ts";
import type { Device } from "../schedule/device.ts";
import { describeHolder } from "../schedule/describe-holder.ts";
import type { Lease } from "../schedule/lease.ts";
import { endOf } from "../schedule/reservations.ts";
import { type KeepInput, type KeptDevices, othersLeases } from "./keep-devices.ts";

/** Somebody who holds a kept device beyond the beginning of the window. */
export interface DeviceAtRisk {
  readonly device: Device;
  readonly lease: Lease;
  /** When it ends; Infinity when nobody knows. */
  readonly until: number;
}

/** What is told to work that is in the way of a reservation. */
export interface BlockedBooking {
  /** Another one for another window, or other devices of it. */
  readonly key: string;
  readonly message: string;
}

/** Who holds devices that are kept, longer than until the window begins; in the order of slots. */
export function devicesAtRisk({ booking, devices }: KeptDevices, input: KeepInput): readonly DeviceAtRisk[] {
  const { from } = booking.window;
  return devices.flatMap((device) => {
    const holders = groupBy(othersLeases(booking, device, input), ({ holder }) => describeHolder(holder));
    return [...holders.values()].flatMap(([lease]) => {
      if (lease === undefined) return [];
      // What is overdue, or being removed, is about to end.
      if (endOf(lease, input.now) <= input.now) return [];
      const until = endOf(lease, input.now);
      return until > from ? [{ device, lease, until }] : [];
    });
  });
}

/** By uid of the work, for the soonest window that it is in the way of. */
export function blockedBookings(
  kept: readonly KeptDevices[],
  input: KeepInput,
): ReadonlyMap<string, BlockedBooking> {
  const found = new Map<string, BlockedBooking>();
  const soonest = kept.toSorted((left, right) => left.booking.window.from - right.booking.window.from);
  for (const one of soonest) {
    const held = devicesAtRisk(one, input).flatMap(({ device, lease, until }) =>
      lease.holder.type === "object" ? [{ uid: lease.holder.uid, device, until }] : [],
    );
    for (const [uid, own] of groupBy(held, (risk) => risk.uid)) {
      if (found.has(uid)) continue;
      const slots = [...new Set(own.map(({ device }) => device.slot))];
      const { name, place, window } = one.booking;
      const when = one.booking.textOf(window);
      const until = Math.max(...own.map((risk) => risk.until));
      const ends = Number.isFinite(until) ? `ends only at ${formatTime(until)}` : "has no end in sight";
      const message = `GPU ${describeReserved(slots, { name, place, when })}; this ${ends}. It is not stopped for that: please end it before.`;
      found.set(uid, { key: `${name} ${when}: ${slots.join(", ")}`, message });
    }
  }
  return found;
}
