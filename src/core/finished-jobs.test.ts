import { describe, expect, it } from "vitest";
import { changed, edited, ended, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer } from "./observed.ts";
import { predict } from "./plan/predict.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const job = { restartPolicy: "Never", resources: { memory: "1Gi" } } as const;

function done(change: Partial<ObservedContainer>, fields: Parameters<typeof edited>[1] = job): World {
  const start = changed(running(fields), change);
  const decision = decide(start, now + minute);
  expect(decision.memory.finished).not.toBeNull();
  return predict(start, decision, now + minute);
}

function stepsUntilRest(start: World): string[] {
  let current = start;
  const steps: string[] = [];
  for (let pass = 0; pass < 8; pass += 1) {
    const at = now + 2 * minute + pass * 4000;
    const decision = decide(current, at);
    if (decision.steps.length === 0) break;
    steps.push(...decision.steps.map((step) => step.do));
    current = predict(current, decision, at);
  }
  return steps;
}

describe("a job that has ended", () => {
  it("for lack of memory runs again when its owner gives it more", () => {
    const failed = done({ ...ended(now + minute, 137), oomKilled: true });

    expect(stepsUntilRest(edited(failed, { ...job, resources: { memory: "2Gi" } }))).toEqual([
      "update",
      "start",
    ]);
    expect(stepsUntilRest(edited(failed, { ...job, priority: 0, stopGracePeriod: "1m" }))).toEqual([]);
  });

  it("at its maxRuntime runs again, with all of it, when that is longer", () => {
    const limited = { ...job, lifecycle: { maxRuntime: "1m" } };
    const stopped = remembering(changed(running(limited), ended(now + minute, 143)), {
      stopCause: "MaxRuntimeExceeded",
    });
    const used = predict(stopped, decide(stopped, now + minute), now + minute);
    expect(used.record.memory.finished?.reason).toBe("MaxRuntimeExceeded");

    const longer = edited(used, { ...job, lifecycle: { maxRuntime: "2m" } });
    const decision = decide(longer, now + 2 * minute);
    expect(decision.steps.map((step) => step.do)).toEqual(["start"]);
    expect(decision.memory).toMatchObject({ ranMs: 0, finished: null, stopCause: null });
  });

  it("with success stays done whatever it may use", () => {
    const succeeded = done(ended(now + minute, 0));

    expect(stepsUntilRest(edited(succeeded, { ...job, resources: { memory: "2Gi" } }))).toEqual([]);
  });

  it("stays as it was when the quota changes", () => {
    const failed = done(ended(now + minute, 3));

    expect(stepsUntilRest({ ...failed, quota: { ...failed.quota } })).toEqual([]);
    expect(decide(failed, now + 9 * minute).status.phase).toBe("Failed");
  });
});
