import { describe, expect, test } from "vitest";
import { changed, ended, failure, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { restartBackoff, stepBackoff } from "../util/backoff.ts";
import { decide } from "./decide.ts";
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

  test("a step that failed is tried again, unless nothing but its owner can mend it", () => {
    const failed = failure("start", start + stepBackoff.maximumMs);
    expect(isPutOff(failed, start)).toBe(true);
    expect(isPutOff(failed, start + stepBackoff.maximumMs)).toBe(false);
    expect(isPutOff(failed, start - day)).toBe(false);
    expect(isPutOff({ ...failed, nextAt: Number.MAX_SAFE_INTEGER }, start - day)).toBe(true);
  });

  test("devices are no longer kept for a nomination", () => {
    const nomination = { devices: [], victims: [], madeAt: start, at: start, expiresAt: start + 90_000 };
    expect(isInForce(nomination, start + 90_000)).toBe(true);
    expect(isInForce(nomination, start - day)).toBe(false);
    expect(isFromAheadOf(start - day, undefined)).toBe(false);
  });
});
