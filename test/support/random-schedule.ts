import fc from "fast-check";
import type { ScheduleInput } from "../../src/core/schedule/schedule-input.ts";
import { demand, inventory, lease } from "./devices.ts";
import { cardShapes, devicesOfCards } from "./random-cards.ts";

const minute = 60_000;
const cards = fc.array(
  fc.oneof({ arbitrary: fc.constant({ shared: 0 }), weight: 4 }, { arbitrary: cardShapes, weight: 1 }),
  { minLength: 2, maxLength: 8 },
);
const wishes = fc.record({
  owner: fc.nat({ max: 3 }),
  count: fc.constantFrom(1, 1, 2, 3, 4),
  priority: fc.constantFrom(50, 50, 50, 10),
  waitedMs: fc.integer({ min: 0, max: 30 * 60 }).map((minutes) => minutes * minute),
  quotaLeft: fc.constantFrom(null, null, null, 1, 3),
  maxRuntimeMs: fc.constantFrom(null, 10 * minute, 60 * minute, 60 * minute, 3000 * minute),
  kind: fc.constantFrom({}, {}, {}, { profile: "2g.20gb" }, { sharers: 4 }),
});
/** A host with work that runs, some of it without an end, and a queue. */
export const scheduleInputs = fc
  .record({
    cards,
    wishes: fc.array(wishes, { minLength: 5, maxLength: 30 }),
    ends: fc.array(fc.constantFrom(null, -5, 20, 30, 60, 600), { maxLength: 10 }),
  })
  .map(({ cards: shapes, wishes: wanted, ends }): ScheduleInput => {
    const devices = devicesOfCards(shapes);
    return {
      demands: wanted.map(({ owner, waitedMs, kind, ...rest }, index) =>
        demand(`d${index}`, { namespace: `user${owner}`, submittedAt: -waitedMs, ...kind, ...rest }),
      ),
      inventory: inventory(devices),
      leases: ends.flatMap((end, index) => {
        const uuid = devices[index]?.uuid;
        const until = end === null ? null : end * minute;
        return uuid === undefined ? [] : [lease(uuid, `user${index % 4}/r${index}`, { until })];
      }),
      strategy: "leastAllocated",
      now: 0,
      formatTime: String,
    };
  });
