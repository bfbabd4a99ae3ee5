import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import { schedule } from "./queue.ts";

const minute = 60_000;
const hour = 60 * minute;
const gpus = [0, 1, 2, 3].map((index) => gpu(index));

function run(
  demands: readonly DeviceDemand[],
  leases: readonly Lease[],
  now = 0,
): ReadonlyMap<string, ScheduleOutcome> {
  return schedule({
    demands,
    inventory: inventory(gpus),
    leases,
    strategy: "leastAllocated",
    now,
    formatTime: (at) => `${at / minute}m`,
  });
}

function brief(outcomes: ReadonlyMap<string, ScheduleOutcome>, uid: string): string {
  const outcome = outcomes.get(uid);
  if (outcome === undefined) return "none";
  if (outcome.type === "assigned") return outcome.devices.map(({ slot }) => slot).join(",");
  return `${outcome.reason}${outcome.eta === null ? "" : ` ${outcome.eta / minute}m`}`;
}

function running(index: number, minutes: number | null, name = `bob/r${index}`): Lease {
  const until = minutes === null ? null : minutes * minute;
  return lease(`GPU-${index}`, name, { until, untilCause: until === null ? null : "maxRuntime" });
}

describe("backfill", { timeout: propertyTimeoutMs }, () => {
  const big = demand("big", { count: 4, submittedAt: -1 });

  test("starts later work on free GPUs only when it ends before they are needed", () => {
    const leases = [running(0, 30), running(1, 60)];
    const demands = [
      big,
      demand("short", { namespace: "carol", maxRuntimeMs: 60 * minute }),
      demand("long", { namespace: "carol", maxRuntimeMs: 61 * minute }),
      demand("endless", { namespace: "carol" }),
    ];
    const outcomes = run(demands, leases);
    expect(brief(outcomes, "big")).toBe("WaitingForDevices 60m");
    expect(brief(outcomes, "short")).toBe("2");
    expect(brief(outcomes, "long")).toMatch(/^BackfillBlocked/);
    expect(brief(outcomes, "endless")).toMatch(/^BackfillBlocked/);
  });

  test("says for whom a free GPU is kept, and from when it is needed", () => {
    const outcomes = run([big, demand("endless", { namespace: "carol" })], [running(0, 60)]);
    const outcome = outcomes.get("endless");
    expect(outcome).toMatchObject({ type: "waiting", reason: "BackfillBlocked", position: 2, of: 2 });
    expect(outcome?.type === "waiting" && outcome.message).toContain(
      "3 kept for who comes first (alice/big from 60m)",
    );
  });

  test("keeps nothing for work whose start nobody knows, nor for what starts in more than a day", () => {
    const later = demand("later", { namespace: "carol" });
    expect(brief(run([big, later], [running(0, null)]), "later")).toBe("1");
    expect(brief(run([big, later], [running(0, 25 * 60)]), "later")).toBe("1");
  });

  test("keeps what is free for who has waited for a day, though no end is in sight", () => {
    const later = demand("later", { namespace: "carol", submittedAt: 24 * hour });
    const outcomes = run([big, later], [running(0, null)], 24 * hour);
    expect(brief(outcomes, "big")).toBe("WaitingForDevices");
    expect(brief(outcomes, "later")).toBe("BackfillBlocked");
  });

  test("starts who has waited for a day in the end, however long the work is that keeps coming", () => {
    const work = 7 * 24 * hour;
    let leases = gpus.map((_, index) => running(index, (index * 42 + 30) * 60));
    let startedAt: number | null = null;
    for (let now = 0; now < 4 * work && startedAt === null; now += hour) {
      leases = leases.filter(({ until }) => until === null || until > now);
      const next = gpus.map((_, index) =>
        demand(`next${index}`, { namespace: "carol", submittedAt: now, maxRuntimeMs: work }),
      );
      const outcomes = run([big, ...next], leases, now);
      if (outcomes.get("big")?.type === "assigned") startedAt = now;
      for (const { uid } of next) {
        const outcome = outcomes.get(uid);
        if (outcome?.type !== "assigned") continue;
        const until = (now + work) / minute;
        leases.push(...outcome.devices.map(({ index }) => running(index, until, `carol/${uid}`)));
      }
    }
    expect(startedAt).not.toBeNull();
    expect(startedAt).toBeLessThanOrEqual(work + 24 * hour);
  });

  test("keeps no GPUs for work that only its owner's quota keeps back", () => {
    const over = demand("over", { submittedAt: -1, quotaLeft: 0, quotaText: "quota" });
    const outcomes = run([over, demand("other", { namespace: "carol" })], [running(0, 60, "alice/r0")]);
    expect(brief(outcomes, "over")).toBe("WaitingForQuota 60m");
    expect(brief(outcomes, "other")).toBe("1");
  });

  test("leaves to a person's earlier work the quota that it waits for", () => {
    const quota = { quotaLeft: 2, quotaText: "quota" };
    const leases = [running(0, 60), running(1, 60), running(2, 60)];
    const demands = [
      demand("pair", { count: 2, submittedAt: -1, ...quota }),
      demand("single", { maxRuntimeMs: null, ...quota }),
    ];
    expect(brief(run(demands, leases), "pair")).toBe("WaitingForDevices 60m");
    expect(brief(run(demands, leases), "single")).toMatch(/^BackfillBlocked|^WaitingForQuota/);
  });

  const wishes = fc.array(
    fc.record({
      namespace: fc.constantFrom("a", "b", "c"),
      count: fc.integer({ min: 1, max: 4 }),
      submittedAt: fc.integer({ min: -100, max: 0 }).map((minutes) => minutes * minute),
      priority: fc.constantFrom(10, 50),
      maxRuntimeMs: fc.option(fc.integer({ min: 1, max: 200 }).map((minutes) => minutes * minute)),
    }),
    { maxLength: 6 },
  );
  /** GPU-equivalents left to each person; none is unlimited. */
  const quotas = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 4 }));
  const held = fc
    .tuple(...gpus.map(() => fc.option(fc.option(fc.integer({ min: 0, max: 120 })), { nil: undefined })))
    .map((ends) =>
      ends.flatMap((minutes, index) => (minutes === undefined ? [] : [running(index, minutes)])),
    );

  test("never delays the expected start of anybody who comes first", () => {
    fc.assert(
      fc.property(wishes, held, wishes, quotas, (first, leases, later, left) => {
        const quota = (namespace: string) => ({ quotaLeft: left[namespace] ?? null, quotaText: "quota" });
        const earlier = first.map((wish, place) =>
          demand(`first${place}`, { ...wish, ...quota(wish.namespace), priority: 90 }),
        );
        const others = later.map((wish, place) =>
          demand(`later${place}`, { ...wish, ...quota(wish.namespace) }),
        );
        const alone = run(earlier, leases);
        const together = run([...earlier, ...others], leases);
        for (const { uid } of earlier) {
          const [before, after] = [alone.get(uid), together.get(uid)];
          expect(after?.type).toBe(before?.type);
          if (before?.type !== "waiting" || after?.type !== "waiting" || before.eta === null) continue;
          // What a person's own quota keeps back has no claim on devices that others could use meanwhile.
          if (before.reason === "WaitingForQuota") continue;
          expect(after.eta, uid).not.toBeNull();
          expect(after.eta ?? Infinity, uid).toBeLessThanOrEqual(before.eta);
        }
      }),
      propertyRuns,
    );
  });

  test("leaves nothing idle that somebody could use without delaying anybody", () => {
    fc.assert(
      fc.property(wishes, held, (some, leases) => {
        const demands = some.map((wish, place) => demand(`d${place}`, wish));
        const outcomes = run(demands, leases);
        const taken = [...outcomes.values()].flatMap((outcome) =>
          outcome.type === "assigned" ? outcome.devices.map(({ uuid }) => uuid) : [],
        );
        const free = gpus.length - new Set([...taken, ...leases.map(({ deviceUuid }) => deviceUuid)]).size;
        for (const { uid, count } of demands) {
          const outcome = outcomes.get(uid);
          if (outcome?.type !== "waiting" || count > free) continue;
          expect(outcome.reason, uid).toBe("BackfillBlocked");
        }
      }),
      propertyRuns,
    );
  });
});
