import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demand, inventory, lease } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { cardShapes, devicesOfCards } from "../../../test/support/random-cards.ts";
import { reservationRecord } from "../../../test/support/records.ts";
import { ReservationSpecSpec } from "../../api/reservation.ts";
import { allocate } from "../schedule/allocate.ts";
import { Calendar } from "../schedule/calendar.ts";
import { overlap } from "../schedule/device-order.ts";
import type { DeviceDemand } from "../schedule/lease.ts";
import { schedule } from "../schedule/queue.ts";
import type { ScheduleInput } from "../schedule/schedule-input.ts";
import { type Booking, bookingsOf, coincide } from "./booking.ts";
import { keepDevices, type KeptDevices } from "./keep-devices.ts";

const minute = 60_000;
const hour = 60 * minute;

const cards = fc.array(
  fc.oneof({ arbitrary: fc.constant({ shared: 0 }), weight: 3 }, { arbitrary: cardShapes, weight: 1 }),
  { minLength: 1, maxLength: 6 },
);
const asked = fc.constantFrom(
  { devices: ["0"] },
  { devices: ["0", "1"] },
  { gpus: { count: 1 } },
  { gpus: { count: 2 } },
  { gpus: { equivalents: 1.5 } },
  { gpus: { count: 1, profile: "2g.20gb" } },
);
const bookings = fc.record({
  asked,
  from: fc.integer({ min: -3, max: 6 }),
  hours: fc.integer({ min: 1, max: 4 }),
  user: fc.nat({ max: 2 }),
});
const wishes = fc.record({
  owner: fc.nat({ max: 3 }),
  count: fc.constantFrom(1, 1, 1, 2),
  priority: fc.constantFrom(50, 50, 10),
  waitedMs: fc.integer({ min: 0, max: 30 * 60 }).map((minutes) => minutes * minute),
  quotaLeft: fc.constantFrom(null, null, 1),
  maxRuntimeMs: fc.constantFrom(null, 10 * minute, hour, 3 * hour),
  kind: fc.constantFrom({}, {}, {}, { profile: "2g.20gb" }),
});

interface Host {
  readonly input: ScheduleInput;
  readonly kept: readonly KeptDevices[];
}

const hosts = fc
  .record({
    cards,
    bookings: fc.array(bookings, { minLength: 1, maxLength: 3 }),
    wishes: fc.array(wishes, { minLength: 2, maxLength: 15 }),
    ends: fc.array(fc.constantFrom(undefined, undefined, null, 30, 90, 600), { maxLength: 6 }),
  })
  .map(({ cards: shapes, bookings: reserved, wishes: wanted, ends }): Host => {
    const devices = devicesOfCards(shapes);
    const records = reserved.map(({ asked: what, from, hours, user }, index) => {
      const [start, end] = [from, from + hours].map((at) => new Date(at * hour).toISOString());
      const spec = ReservationSpecSpec.parse({ subjects: { users: [`user${user}`] }, ...what, start, end });
      return reservationRecord(`r${index}`, { uid: `r${index}`, spec });
    });
    const leases = ends.flatMap((end, index) => {
      const uuid = devices[index]?.uuid;
      if (uuid === undefined || end === undefined) return [];
      return [lease(uuid, `user${index % 4}/held${index}`, { until: end === null ? null : end * minute })];
    });
    const book = { devices, leases, now: 0 };
    const kept = keepDevices(bookingsOf(records, new Map(), 0), book);
    const input: ScheduleInput = {
      demands: wanted.map(({ owner, waitedMs, kind, ...rest }, index) =>
        demand(`d${index}`, { namespace: `user${owner}`, submittedAt: -waitedMs, ...kind, ...rest }),
      ),
      inventory: inventory(devices),
      leases,
      calendar: new Calendar(kept, book),
      strategy: "leastAllocated",
      now: 0,
      formatTime: String,
    };
    return { input, kept };
  });

/** Whether work that starts now would be there while the reservation is open. */
function meetsWindow({ windows }: Booking, { maxRuntimeMs }: Pick<DeviceDemand, "maxRuntimeMs">): boolean {
  return windows.some(({ from, until }) => from < (maxRuntimeMs ?? Infinity) && until > 0);
}

const seen = { given: 0, refused: 0, own: 0 };

function demandOf(input: ScheduleInput, uid: string): DeviceDemand {
  const found = input.demands.find((one) => one.uid === uid);
  if (found === undefined) throw new Error(`nobody asked as ${uid}`);
  return found;
}

/** What is decided, and not the words for it. */
function decided(input: ScheduleInput): unknown {
  return [...schedule(input)].map(([uid, outcome]) =>
    outcome.type === "assigned" ? [uid, outcome.devices.map((device) => device.uuid)] : [uid, { ...outcome }],
  );
}

describe("reservations of any kind", { timeout: propertyTimeoutMs }, () => {
  it("keep nothing twice at the same time, and say so when that is too little", () => {
    fc.assert(
      fc.property(hosts, ({ kept }) => {
        for (const [index, one] of kept.entries()) {
          for (const other of kept.slice(index + 1)) {
            if (!coincide(one.booking, other.booking)) continue;
            for (const device of one.devices)
              expect(other.devices.some((own) => overlap(own, device))).toBe(false);
          }
          const { devices, gpus } = one.booking;
          if (one.missing !== null) continue;
          if (gpus?.count !== undefined) expect(one.devices).toHaveLength(gpus.count);
          if (devices !== undefined) expect(one.devices.length).toBeGreaterThanOrEqual(devices.length);
        }
      }),
      propertyRuns,
    );
  });

  it("are never met by the work of others, and keep nobody from anything else", () => {
    fc.assert(
      fc.property(hosts, ({ input, kept }) => {
        for (const [uid, outcome] of schedule(input)) {
          const own = demandOf(input, uid);
          const against = kept.filter(
            ({ booking }) => !booking.admits(own.namespace) && meetsWindow(booking, own),
          );
          if (outcome.type === "assigned") {
            seen.given += 1;
            if (kept.some(({ booking }) => booking.admits(own.namespace))) seen.own += 1;
            for (const { devices } of against)
              for (const device of devices)
                expect(outcome.devices.some((given) => overlap(given, device))).toBe(false);
          } else if (outcome.reason === "ReservedForOthers") {
            seen.refused += 1;
            expect(against).not.toEqual([]);
            // Were nothing reserved it could have had something.
            expect(allocate(own, input).type === "allocated" || input.leases.length > 0).toBe(true);
          }
        }
      }),
      propertyRuns,
    );
    // All of it must have been looked at, or nothing was shown.
    expect(Math.min(seen.given, seen.refused, seen.own)).toBeGreaterThan(propertyRuns.numRuns / 50);
  });

  it("decide for all who ask for the same as for each alone, and the same again", () => {
    fc.assert(
      fc.property(hosts, ({ input }) => {
        const apart = input.demands.map((one, index) => ({ ...one, minMemoryBytes: index + 1 }));
        expect(decided(input)).toEqual(decided({ ...input, demands: apart }));
        expect(decided(input)).toEqual(decided(input));
      }),
      propertyRuns,
    );
  });

  it("give an open window to its own people before anybody who comes first in the queue", () => {
    fc.assert(
      fc.property(hosts, ({ input, kept }) => {
        const outcomes = schedule(input);
        for (const own of input.demands) {
          const mine = kept.filter(
            ({ booking }) => booking.admits(own.namespace) && booking.window.from <= 0,
          );
          const outcome = outcomes.get(own.uid);
          if (mine.length === 0 || outcome?.type !== "waiting" || outcome.reason === "WaitingForQuota")
            continue;
          // Whatever is kept for it and would do has gone to somebody for whom it is kept too, or was held before.
          const others = [...outcomes].flatMap(([uid, given]) => {
            if (given.type !== "assigned") return [];
            const { namespace } = demandOf(input, uid);
            const ours = mine.filter(({ booking }) => booking.admits(namespace));
            return ours.length > 0 ? given.devices.map(({ uuid }) => lease(uuid, `${namespace}/x`)) : [];
          });
          const devices = mine.flatMap((one) => one.devices);
          const leases = [...input.leases, ...others, ...(input.calendar?.against(own) ?? [])];
          const left = allocate(own, { ...input, inventory: inventory(devices), leases });
          if (left.type === "allocated") expect(own.quotaLeft).not.toBeNull();
        }
      }),
      propertyRuns,
    );
  });
});
