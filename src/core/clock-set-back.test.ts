import { describe, expect, test } from "vitest";
import {
  after,
  changed,
  edited,
  ended,
  failure,
  remembering,
  running,
} from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { restartBackoff, stepBackoff } from "../util/backoff.ts";
import { decide } from "./decide.ts";
import { predict } from "./plan/predict.ts";
import { isFromAheadOf, isPutOff } from "./lifecycle/put-off.ts";
import { isInForce } from "./schedule/preemption.ts";

const day = 86_400_000;

describe("when the clock is set back by a day", () => {
  test("a crashed container is started again, not a day later", () => {
    const crashed = remembering(changed(running(), ended(start)), { attempts: 4 });
    expect(decide(crashed, start).steps).toEqual([]);

    expect(decide(crashed, start - day).steps.map((step) => step.do)).toEqual(["start"]);
  });

  test("what has ended a moment ahead of our time waits as usual", () => {
    const crashed = remembering(changed(running(), ended(start + 900)), { attempts: 1 });
    expect(decide(crashed, start)).toMatchObject({
      steps: [],
      requeueAt: start + 900 + restartBackoff.initialMs,
    });
  });

  test("a new container that runs takes the place of the old one, not a day later", () => {
    const trying = after(3, edited(running(), { image: "bed/health:1" }), start);
    expect(trying.containers).toHaveLength(2);
    const unwatched = changed(trying, { health: null });
    expect(decide(unwatched, start + 8000 - day).steps.map((step) => step.do)).toEqual(["remove", "rename"]);
  });

  test("a step that failed is tried again, unless nothing but its owner can mend it", () => {
    const failed = failure("start", start + stepBackoff.maximumMs);
    expect(isPutOff(failed, start)).toBe(true);
    expect(isPutOff(failed, start + stepBackoff.maximumMs)).toBe(false);
    expect(isPutOff(failed, start - day)).toBe(false);
    expect(isPutOff({ ...failed, nextAt: Number.MAX_SAFE_INTEGER }, start - day)).toBe(true);
  });

  test.each([
    [1, false, 1000],
    [3, false, 4000],
    [20, false, stepBackoff.maximumMs],
    [1, true, stepBackoff.maximumMs],
  ])("a step that failed %d times (stalled: %s) waits %d ms and no longer", (attempts, stalled, waitMs) => {
    const failed = { ...failure("create", start + waitMs, attempts), stalled };
    expect(isPutOff(failed, start)).toBe(true);
    expect(isPutOff(failed, start - 500)).toBe(true);
    expect(isPutOff(failed, start - 2000)).toBe(false);
  });

  test("devices are no longer kept for a nomination", () => {
    const nomination = { devices: [], victims: [], madeAt: start, at: start, expiresAt: start + 90_000 };
    expect(isInForce(nomination, start + 90_000)).toBe(true);
    expect(isInForce(nomination, start - day)).toBe(false);
    expect(isFromAheadOf(start - day, undefined)).toBe(false);
  });
});

/** No difference is so great that it is taken for a clock that was set back. */
test.each([2000, 120_000, 3_600_000, day])(
  "a crash loop keeps its wait where the engine's clock is %d ms ahead of ours",
  (aheadMs) => {
    const run = { startedAt: start + 50_000 + aheadMs, ...ended(start + 60_000 + aheadMs) };
    const looped = remembering(changed(running(), run), { attempts: 7 });
    const due = start + 60_000 + restartBackoff.maximumMs;
    let current = looped;
    // However often it is looked at, the start is as far away as it was at first.
    for (const at of [start + 60_000, start + 61_000, due - 1]) {
      const decision = decide(current, at);
      expect(decision).toMatchObject({ steps: [], requeueAt: due, fact: { reason: "CrashLoopBackOff" } });
      current = predict(current, decision, at);
    }
    expect(decide(current, due).steps.map((step) => step.do)).toEqual(["start"]);
  },
);
