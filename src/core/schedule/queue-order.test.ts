import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand } from "../../../test/support/devices.ts";
import type { DeviceDemand } from "./lease.ts";
import { orderDemands } from "./queue-order.ts";

const hour = 60 * 60 * 1000;

function order(demands: readonly DeviceDemand[], use: Record<string, number> = {}): readonly string[] {
  const ordered = orderDemands(demands, new Map(Object.entries(use)), ({ count }) => count);
  return ordered.map(({ uid }) => uid);
}

describe("the order of the queue", () => {
  test("is that of priority, whoever has used what", () => {
    const demands = [
      demand("idle", { namespace: "bob", submittedAt: 0 }),
      demand("urgent", { priority: 70, submittedAt: 100 * hour }),
    ];
    expect(order(demands, { alice: 1000 })).toEqual(["urgent", "idle"]);
  });

  test("lets who has used little pass who has used much, by a day of waiting at most", () => {
    const busy = demand("busy", { submittedAt: 0 });
    const rare = (waitsLess: number): DeviceDemand =>
      demand("rare", { namespace: "bob", submittedAt: waitsLess });
    expect(order([busy, rare(23 * hour)], { alice: 1e9 })).toEqual(["rare", "busy"]);
    expect(order([busy, rare(25 * hour)], { alice: 1e9 })).toEqual(["busy", "rare"]);
    expect(order([busy, rare(hour)], { alice: 24, bob: 24 })).toEqual(["busy", "rare"]);
  });

  test("takes turns between people, however many one of them has dropped first", () => {
    const alice = [1, 2, 3].map((place) => demand(`a${place}`, { submittedAt: place }));
    const bob = [1, 2, 3].map((place) => demand(`b${place}`, { namespace: "bob", submittedAt: 10 + place }));
    expect(order([...alice, ...bob])).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
  });

  test("counts short work for less than long work", () => {
    const short = [1, 2, 3].map((place) => demand(`a${place}`, { submittedAt: place, maxRuntimeMs: 60_000 }));
    const bob = [1, 2].map((place) =>
      demand(`b${place}`, { namespace: "bob", submittedAt: 10 * 60_000 + place }),
    );
    expect(order([...short, ...bob])).toEqual(["a1", "a2", "a3", "b1", "b2"]);
  });

  test("lets nobody be passed by work that came more than a day later, and keeps the order of one person's work", () => {
    const some = fc.record({
      namespace: fc.constantFrom("a", "b", "c"),
      submittedAt: fc.integer({ min: 0, max: 100 }).map((hours) => hours * hour),
      count: fc.integer({ min: 1, max: 4 }),
    });
    const use = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.nat(1000));
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), use, (wishes, used) => {
        const demands = wishes.map((wish, place) => demand(`d${place}`, wish));
        const places = new Map(order(demands, used).map((uid, place) => [uid, place]));
        const placeOf = ({ uid }: DeviceDemand): number => places.get(uid) ?? -1;
        for (const first of demands) {
          for (const second of demands) {
            const later = second.submittedAt - first.submittedAt;
            if (later > 24 * hour || (later > 0 && first.namespace === second.namespace)) {
              expect(placeOf(first)).toBeLessThan(placeOf(second));
            }
          }
        }
        expect(order(demands.toReversed(), used)).toEqual(order(demands, used));
      }),
    );
  });
});
