import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { scheduleInputs } from "../../../test/support/random-schedule.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import { schedule } from "./queue.ts";
import type { Expectations, ScheduleInput } from "./schedule-input.ts";

const minute = 60_000;

/** Expected ends of what runs, and expected running times of what waits, in minutes. */
function expecting(
  ends: Readonly<Record<string, number>>,
  runs: Readonly<Record<string, number>> = {},
): Pick<ScheduleInput, "expectations"> {
  const inMs = (minutes: number | undefined) => (minutes === undefined ? undefined : minutes * minute);
  return { expectations: () => ({ endOf: (uid) => inMs(ends[uid]), runOf: ({ uid }) => inMs(runs[uid]) }) };
}

function told(
  demands: readonly DeviceDemand[],
  leases: readonly Lease[],
  known: Pick<ScheduleInput, "expectations">,
): Readonly<Record<string, string>> {
  const outcomes = schedule({
    demands,
    inventory: inventory([gpu(0), gpu(1)]),
    leases,
    strategy: "leastAllocated",
    now: 0,
    formatTime: (at) => `${at / minute}m`,
    ...known,
  });
  return Object.fromEntries([...outcomes].map(([uid, outcome]) => [uid, startOf(outcome)]));
}

function startOf(outcome: ScheduleOutcome): string {
  if (outcome.type === "assigned") return "now";
  return /(?:Starts about|No start).*$/.exec(outcome.message)?.[0] ?? outcome.message;
}

describe("starts that no limit tells", () => {
  const [one, two] = [lease("GPU-0", "bob/one"), lease("GPU-1", "bob/two")];
  const limited = lease("GPU-1", "bob/two", { until: 90 * minute, untilCause: "maxRuntime" });
  const uidOf = ({ holder }: Lease): string => (holder.type === "object" ? holder.uid : "");

  test("are told by earlier runs of what is in the way, and say so", () => {
    expect(told([demand("a")], [one, two], expecting({ [uidOf(one)]: 30, [uidOf(two)]: 60 }))).toEqual({
      a: "Starts about 30m, when bob/one (GPU 0) should end, judging by earlier runs of it; basis: history.",
    });
    expect(told([demand("a", { count: 2 })], [one, limited], expecting({ [uidOf(one)]: 30 }))).toEqual({
      a: "Starts about 90m, when bob/two (GPU 1) reaches its maxRuntime, if others take as long as earlier runs; basis: history.",
    });
  });

  test("are told by limits where these tell them, however early earlier runs ended", () => {
    expect(told([demand("a")], [one, limited], expecting({ [uidOf(one)]: 30 }))).toEqual({
      a: "Starts about 90m, when bob/two (GPU 1) reaches its maxRuntime; basis: limit.",
    });
  });

  test("follow from earlier runs of what comes first as well", () => {
    const demands = [demand("a", { count: 2 }), demand("b", { count: 2, submittedAt: 1 })];
    const ends = { [uidOf(one)]: 30, [uidOf(two)]: 60 };
    expect(told(demands, [one, two], expecting(ends, { a: 10 }))["b"]).toBe(
      "Starts about 70m, judging by earlier runs of what comes first; basis: history.",
    );
    expect(told(demands, [one, two], expecting(ends))["b"]).toContain("No start time is known");
  });

  test("come after what is kept for others, whatever earlier runs took, as the limit decides", () => {
    const ends = { [uidOf(one)]: 30, [uidOf(two)]: 90 };
    const demands = [demand("big", { count: 2 }), demand("a", { submittedAt: 1 })];
    // It would be over before the other GPU is free, but nobody holds it to that.
    expect(told(demands, [one, two], expecting(ends, { a: 10 }))["a"]).toContain("No start time is known");
    expect(told(demands, [one, two], expecting(ends, { a: 10, big: 20 }))["a"]).toMatch(/^Starts about 110m/);
  });

  test("stay unknown where there were no earlier runs, or all of them were shorter", () => {
    expect(told([demand("a")], [one, two], expecting({}))["a"]).toContain("No start time is known");
  });
});

describe("earlier runs", { timeout: propertyTimeoutMs }, () => {
  const minutes = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined });
  const guesses = fc.array(minutes, { minLength: 40, maxLength: 40 });

  /** Everything but what is told of a start. */
  function decided(input: ScheduleInput): unknown {
    return [...schedule(input)].map(([uid, outcome]) => {
      if (outcome.type === "assigned") return [uid, outcome.devices.map((device) => device.uuid)];
      const { reason, position, of, behind, never, blockers, hint, nomination, lookAgainAt } = outcome;
      return [uid, { reason, position, of, behind, never, blockers, hint, nomination, lookAgainAt }];
    });
  }

  test("decide nothing, and leave alone what limits tell", () => {
    let guessed = 0;
    fc.assert(
      fc.property(scheduleInputs, guesses, (input, spans) => {
        const guess = (uid: string): number | undefined => {
          const span = spans[Number(uid.slice(1)) % spans.length];
          return span === undefined ? undefined : span * minute;
        };
        const expectations = (): Expectations => ({ endOf: guess, runOf: ({ uid }) => guess(uid) });
        expect(decided({ ...input, expectations })).toEqual(decided(input));
        const plain = schedule(input);
        for (const [uid, outcome] of schedule({ ...input, expectations })) {
          const before = plain.get(uid);
          if (outcome.type !== "waiting" || before?.type !== "waiting") continue;
          if (outcome.basis === "history") {
            guessed += 1;
            expect(before).toMatchObject({ basis: "unknown", eta: null });
            expect(outcome.eta).toBeGreaterThanOrEqual(input.now);
            expect(outcome.message).toContain("; basis: history.");
          } else expect([outcome.basis, outcome.eta]).toEqual([before.basis, before.eta]);
        }
      }),
      propertyRuns,
    );
    expect(guessed).toBeGreaterThan(20);
  });
});
