import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demand, inventory, lease } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { cardShapes, devicesOfCards } from "../../../test/support/random-cards.ts";
import type { DeviceDemand } from "./lease.ts";
import { schedule } from "./queue.ts";
import type { ScheduleInput } from "./schedule-input.ts";

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
const inputs = fc
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

/** What is decided, and not the words for it. */
function decided(input: ScheduleInput): unknown {
  return [...schedule(input)].map(([uid, outcome]) =>
    outcome.type === "assigned" ? [uid, outcome.devices.map((device) => device.uuid)] : [uid, { ...outcome }],
  );
}

describe("answers that are kept for all who ask for the same", { timeout: propertyTimeoutMs }, () => {
  it("are those that each would have got by itself", () => {
    let [given, promised] = [0, 0];
    fc.assert(
      fc.property(inputs, (input) => {
        // So little memory asks for nothing, and no two ask for the same any more.
        const apart = input.demands.map((one, index): DeviceDemand => ({
          ...one,
          minMemoryBytes: index + 1,
        }));
        expect(decided(input)).toEqual(decided({ ...input, demands: apart }));
        for (const outcome of schedule(input).values()) {
          if (outcome.type === "assigned") given += 1;
          else if (outcome.eta !== null) promised += 1;
        }
      }),
      propertyRuns,
    );
    // Both must have been looked at, or nothing was shown.
    expect(Math.min(given, promised)).toBeGreaterThan(propertyRuns.numRuns / 50);
  });
});
