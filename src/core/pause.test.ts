import { describe, expect, it } from "vitest";
import { after, changed, edited, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const gpu = { gpus: { count: 1 } };

function plan(world: World, at = start + minute): string {
  return renderPlan(decide(world, at).steps);
}

function paused(fields: object = gpu): World {
  return after(3, edited(running(fields), { ...fields, desiredState: "Paused" }), start + minute);
}

describe("a container that is declared to be paused", () => {
  it("is paused, once, keeps its GPU, and is not ready", () => {
    const asked = edited(running(gpu), { ...gpu, desiredState: "Paused" });
    expect(plan(asked)).toBe("1 pause train._.alice: spec.desiredState is Paused");
    const decision = decide(paused(), start + 2 * minute);
    expect(decision).toMatchObject({ steps: [], status: { phase: "Paused", reason: "Paused" } });
    expect(decision.status.gpus).toHaveLength(1);
    expect(decision.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "False", reason: "Paused" }),
    );
  });

  it("is started first where it does not run, and then paused", () => {
    const fresh = running({ desiredState: "Paused" });
    expect(fresh.containers).toMatchObject([{ state: "paused", startedAt: expect.any(Number) as number }]);
    expect(after(1, fresh, start + minute).record.memory.state).toBe("Paused");
  });

  it("goes on when its file says so, and is paused again when somebody lets it go on", () => {
    expect(plan(edited(paused(), gpu))).toBe("1 unpause train._.alice: spec.desiredState is Running again");
    expect(plan(changed(paused(), { state: "running" }))).toBe(
      "1 pause train._.alice: unpaused from outside; spec says Paused",
    );
    expect(plan(changed(running(), { state: "paused" }))).toBe(
      "1 unpause train._.alice: paused from outside; spec says Running",
    );
  });

  it("is stopped when it is told to, and when its time is over, which runs on", () => {
    expect(plan(edited(paused(), { ...gpu, desiredState: "Stopped" }))).toContain("stop train._.alice");
    const limited = paused({ lifecycle: { maxRuntime: "10m" } });
    const decision = decide(limited, start + 2 * minute);
    expect(decision.requeueAt).not.toBeNull();
    expect(plan(limited, start + 11 * minute)).toContain("maxRuntime is used up");
  });

  it("changes nothing until it goes on", () => {
    const other = edited(paused({}), { image: "bed/gpu:1", desiredState: "Paused" });
    expect(plan(other)).toBe("");
    const forgotten = remembering(paused(), { state: "Pending" });
    expect(plan(forgotten)).toBe("");
  });
});
