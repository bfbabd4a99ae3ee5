import { describe, expect, it } from "vitest";
import {
  after,
  changed,
  edited,
  ended,
  failure,
  remembering,
  running,
} from "../../test/support/one-object.ts";
import { device, startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer } from "./observed.ts";
import { formatTime } from "./format-time.ts";
import { predict } from "./plan/predict.ts";
import type { ManagedClaim } from "./schedule/lease.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const isReplacement = ({ name }: ObservedContainer): boolean => name.includes(".ds01-");

/** A new container runs beside the old one, which is stopped. */
function replacing(fields: Parameters<typeof edited>[1] = { image: "bed/health:1" }): World {
  return after(3, edited(running(), fields), now + minute);
}

function replacementIs(start: World, change: Partial<ObservedContainer>): World {
  return {
    ...start,
    containers: start.containers.map((one) => (isReplacement(one) ? { ...one, ...change } : one)),
  };
}

describe("a step that failed", () => {
  it.each([
    ["finishing a replacement", now + 2 * minute, {}],
    ["rolling back", now + 2 * minute, ended(now + 2 * minute)],
  ])("is waited with when it was for %s", (_what, at, change) => {
    const start = replacementIs(replacing(), change);
    expect(decide(start, at).steps[0]?.do).toBe("remove");
    const failed = remembering(start, { failure: { ...failure("remove", at + 4000, 3), generation: 2 } });

    const waiting = decide(failed, at + 1000);
    expect(waiting.steps).toEqual([]);
    expect(waiting.requeueAt).toBe(at + 4000);

    const again = decide(failed, at + 4000);
    expect(again.steps[0]?.do).toBe("remove");
    expect(again.memory.failure?.attempts).toBe(3);
  });

  it("rolls back at once when it was the start of the new container", () => {
    const start = replacementIs(replacing(), { state: "created", startedAt: null });
    const failed = remembering(start, {
      failure: { ...failure("start", now + 5 * minute), generation: 2 },
    });

    const rollBack = decide(failed, now + 2 * minute);
    expect(rollBack.steps.map((step) => step.do)).toEqual(["remove", "start"]);
    const after = decide(predict(failed, rollBack, now + 2 * minute), now + 3 * minute);
    expect(after.memory.failure).toBeNull();
    expect(after.status.phase).toBe("Degraded");
  });

  it("stops with the grace of the spec while its new devices are waited for", () => {
    const start = running({ gpus: { count: 1 }, stopGracePeriod: "2m" });
    const unwanted: World = {
      ...edited(start, { gpus: { count: 1 }, stopGracePeriod: "2m", desiredState: "Stopped" }),
      claim: null,
    };

    expect(decide(unwanted, now + minute).steps).toMatchObject([{ do: "stop", graceMs: 120_000 }]);
  });

  it("and waits for somebody to mend it tells until when the GPUs are kept that the object had", () => {
    const start = running({ gpus: { count: 1 } });
    const claim: ManagedClaim = {
      uid: start.record.uid,
      namespace: start.record.namespace,
      name: start.record.name,
      deviceUuids: [device(0).uuid],
      state: "Held",
      until: now + 20 * minute,
      untilCause: "holdGpuAfterStop",
      containerIds: [],
    };
    const stalled = { ...failure("pull", now + 5 * minute), generation: 2, stalled: true };
    const missing = remembering(
      {
        ...edited(changed(start, ended(now + minute)), { image: "far/missing:1" }),
        claim,
        image: { type: "missing" },
      },
      { generation: 2, failure: stalled },
    );

    expect(decide(missing, now + 2 * minute).status).toMatchObject({
      reason: "EngineError",
      holdUntil: formatTime(now + 20 * minute),
    });
    const released = decide({ ...missing, claim: null }, now + 2 * minute).status;
    expect(released).not.toHaveProperty("holdUntil");
  });
});
