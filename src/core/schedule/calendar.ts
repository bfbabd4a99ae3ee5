import { type Booking, meets } from "../reservation/booking.ts";
import { type KeepInput, type KeptDevices } from "../reservation/keep-devices.ts";
import type { BookedWindow } from "../reservation/windows.ts";
import { overlap } from "./device-order.ts";
import type { DeviceDemand, Lease } from "./lease.ts";

type Asker = Pick<DeviceDemand, "namespace" | "maxRuntimeMs">;

/**
 * What reservations of admins mean for one scheduling pass. Which devices are kept is settled at its beginning; work
 * of others gets them only where it ends before the window begins, and within the window their own people come first.
 */
export class Calendar {
  readonly #kept: readonly KeptDevices[];
  readonly #input: KeepInput;
  readonly #admissions = new Map<string, string>();

  constructor(kept: readonly KeptDevices[], input: KeepInput) {
    this.#kept = kept;
    this.#input = input;
  }

  get isEmpty(): boolean {
    return this.#kept.length === 0;
  }

  /** Leases that keep devices from work that starts now. */
  against({ namespace, maxRuntimeMs }: Asker): readonly Lease[] {
    const { now } = this.#input;
    return this.between(namespace, now, now + (maxRuntimeMs ?? Infinity));
  }

  /** Leases that keep devices from work of a user that lasts from `from` to `to`. */
  between(namespace: string, from: number, to: number): readonly Lease[] {
    return this.#kept.flatMap(({ booking, devices }) => {
      if (booking.admits(namespace)) return [];
      const window = meets(booking, from, to);
      return window === undefined ? [] : devices.map((device) => leaseOf(booking, window, device.uuid));
    });
  }

  /** The leases that count against a user's work that starts at a moment: within its window those fall away that only keep a device for others. */
  countedAgainst(namespace: string, leases: readonly Lease[], at: number): readonly Lease[] {
    const open = this.#openTo(namespace, at);
    if (open.length === 0) return leases;
    const { devices } = this.#input;
    return leases.filter((lease) => {
      if (!yields(lease)) return true;
      const device = devices.find(({ uuid }) => uuid === lease.deviceUuid);
      const found = open.find((one) =>
        one.devices.some((own) => device !== undefined && overlap(own, device)),
      );
      if (found === undefined) return true;
      // Among those for whom it is kept the order is that of the queue.
      return lease.holder.type === "object" && found.booking.admits(lease.holder.namespace);
    });
  }

  /** Devices that a user comes first on now; empty outside the windows. */
  ownDevices(namespace: string): readonly string[] {
    const { devices, now } = this.#input;
    const open = this.#openTo(namespace, now).flatMap((one) => one.devices);
    if (open.length === 0) return [];
    return devices.filter((device) => open.some((own) => overlap(own, device))).map(({ uuid }) => uuid);
  }

  /** Moments to come at which what is kept changes. */
  moments(): readonly number[] {
    return this.#kept
      .flatMap(({ booking }) => booking.windows.flatMap(({ from, until }) => [from, until]))
      .filter((moment) => moment > this.#input.now);
  }

  /** Equal for users whom the same reservations admit; empty without any. */
  admissionOf(namespace: string): string {
    if (this.isEmpty) return "";
    const known = this.#admissions.get(namespace);
    if (known !== undefined) return known;
    const admission = this.#kept.map(({ booking }) => (booking.admits(namespace) ? "1" : "0")).join("");
    this.#admissions.set(namespace, admission);
    return admission;
  }

  /** How long work may last at most to end before the windows that are in its way, the longest first, in milliseconds. */
  gapsFor(asker: Asker): readonly number[] {
    const { now } = this.#input;
    const begins = this.against(asker).flatMap(({ from = now }) => (from > now ? [from - now] : []));
    return [...new Set(begins)].toSorted((left, right) => right - left);
  }

  #openTo(namespace: string, at: number): readonly KeptDevices[] {
    return this.#kept.filter(
      ({ booking }) => booking.admits(namespace) && meets(booking, at, at + 1) !== undefined,
    );
  }
}

function leaseOf(booking: Booking, { from, until }: BookedWindow, deviceUuid: string): Lease {
  const { name, place } = booking;
  return {
    deviceUuid,
    holder: { type: "reservation", name, place, when: booking.textOf({ from, until }) },
    state: "Held",
    from,
    until: Number.isFinite(until) ? until : null,
    untilCause: "reservation",
  };
}

/** What stands in nobody's way within a window: what the queue has set aside, and the hold of what is stopped. */
function yields({ from, state, untilCause, holder }: Lease): boolean {
  if (holder.type !== "object") return false;
  return from !== undefined || (state === "Held" && untilCause === "holdGpuAfterStop");
}
