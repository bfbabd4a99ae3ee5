import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, lease, migGpu } from "../../../test/support/devices.ts";
import { borrowedUids, borrowersAmong, idleEquivalents, keptBackFrom, type Holding } from "./borrowing.ts";

const holding = (uid: string, gpuEquivalents: number, since: number, preemptible = false): Holding => ({
  uid,
  gpuEquivalents,
  since,
  preemptible,
});

describe("borrowedUids", () => {
  test("leaves what has been held longest within the quota", () => {
    const holdings = [holding("late", 1, 9), holding("early", 1, 1), holding("middle", 1, 5)];
    expect([...borrowedUids(holdings, 2)]).toEqual(["late"]);
    expect([...borrowedUids(holdings, null)]).toEqual([]);
    expect([...borrowedUids(holdings, 0)]).toEqual(["early", "middle", "late"]);
  });

  test("takes preemptible work for the borrowed part, however long it has run", () => {
    expect([...borrowedUids([holding("sweep", 1, 1, true), holding("train", 1, 9)], 1)]).toEqual(["sweep"]);
  });

  test("what is not borrowed never exceeds the quota (I2)", () => {
    const one = fc.record({
      uid: fc.uuid(),
      gpuEquivalents: fc.constantFrom(1 / 7, 2 / 7, 3 / 7, 1, 2, 4),
      preemptible: fc.boolean(),
      since: fc.nat(20),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(one, { selector: ({ uid }) => uid }),
        fc.constantFrom(0, 1, 2.5, 4),
        (all, nominal) => {
          const borrowed = borrowedUids(all, nominal);
          const within = all.filter(({ uid }) => !borrowed.has(uid));
          expect(within.reduce((sum, { gpuEquivalents }) => sum + gpuEquivalents, 0)).toBeLessThanOrEqual(
            nominal + 1e-6,
          );
          expect(borrowedUids(all.toReversed(), nominal)).toEqual(borrowed);
        },
      ),
    );
  });
});

describe("borrowersAmong", () => {
  const borrowing = { limit: null, cohort: null };

  test("counts all of one owner together, in order", () => {
    const demands = [
      demand("a", { quotaLeft: 1, borrowing }),
      demand("b", { quotaLeft: 1, borrowing }),
      demand("c", { quotaLeft: 1 }),
    ];
    expect([...borrowersAmong(demands, () => 1)].map(({ uid }) => uid)).toEqual(["b"]);
  });
});

describe("keptBackFrom", () => {
  const lenders = [
    { user: "bob", cohort: "lab", unused: 2, lends: 0.5, place: "quotas/b.yaml:7" },
    { user: "carol", cohort: "lab", unused: 2, lends: null, place: null },
    { user: "dave", cohort: "guests", unused: 1, lends: null, place: null },
    { user: "alice", cohort: "lab", unused: 3, lends: 0, place: null },
  ];

  test("keeps what is not lent, and everything of other cohorts, but nothing of one's own", () => {
    const kept = keptBackFrom({ namespace: "alice", borrowing: { limit: null, cohort: "lab" } }, lenders);
    expect(kept.gpuEquivalents).toBe(2.5);
    expect(kept.lenders.map(({ user }) => user)).toEqual(["bob", "dave"]);
  });
});

describe("idleEquivalents", () => {
  test("counts what could be handed out and is not", () => {
    const devices = [gpu(0), gpu(1), gpu(2, { healthy: false }), ...migGpu(3, ["3g.40gb", "2g.20gb"])];
    const slice = devices.find(({ profile }) => profile === "3g.40gb")?.uuid ?? "";
    expect(idleEquivalents(devices, [lease("GPU-0", "bob/x"), lease(slice, "bob/y")])).toBeCloseTo(1 + 2 / 7);
  });
});
