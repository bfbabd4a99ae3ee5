import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { scheduleInputs as inputs } from "../../../test/support/random-schedule.ts";
import type { DeviceDemand } from "./lease.ts";
import { schedule } from "./queue.ts";
import type { ScheduleInput } from "./schedule-input.ts";

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
