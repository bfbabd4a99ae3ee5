import { describe, expect, it } from "vitest";
import { changed, ended, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { annotations } from "../api/names.ts";
import { decide } from "./decide.ts";
import { predict } from "./plan/predict.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;

function asking(world: World, at: number): World {
  const restartedAt = new Date(at).toISOString();
  return { ...world, record: { ...world.record, annotations: { [annotations.restartedAt]: restartedAt } } };
}

/** Carries out what is decided until nothing is; what was planned, line by line. */
function plans(first: World, from: number): { readonly lines: string; readonly world: World } {
  let world = first;
  let lines = "";
  for (let at = from; at < from + minute; at += 4000) {
    const decision = decide(world, at);
    lines += renderPlan(decision.steps);
    world = predict(world, decision, at);
  }
  return { lines, world };
}

describe("a restart that is asked for", () => {
  it("stops the container with its grace and starts it again, once, on the same GPU", () => {
    const at = start + 10 * minute;
    const { lines, world } = plans(asking(running({ gpus: { count: 1 } }), at), at);
    expect(lines).toMatch(
      /^1 stop train\._\.alice: restart asked for at \S+Z; 30s grace1 start train\._\.alice: started again/,
    );
    expect(lines.match(/\d start /g)).toHaveLength(1);
    expect(world.record.memory).toMatchObject({
      state: "Running",
      restarts: 1,
      attempts: 0,
      stopCause: null,
    });
    expect(world.containers).toHaveLength(1);
  });

  it("is done by any later start, and waits for its time", () => {
    const at = start + 10 * minute;
    expect(decide(asking(running(), start - minute), at).steps).toEqual([]);
    expect(decide(asking(running(), at + minute), at).steps).toEqual([]);
    const unreadable = asking(running(), at).record;
    const broken = { ...unreadable, annotations: { [annotations.restartedAt]: "soon" } };
    expect(decide({ ...running(), record: broken }, at).steps).toEqual([]);
  });

  it("is done once where the clock of the engine is behind", () => {
    const at = start + 10 * minute;
    const done = plans(asking(running(), at), at).world;
    const behind = changed(done, { startedAt: at - minute });
    expect(decide(behind, at + 2 * minute).steps).toEqual([]);
  });

  it("ends the pause after a crash", () => {
    const crashed = changed(remembering(running(), { attempts: 4 }), ended(start + minute));
    const at = start + minute + 5000;
    expect(decide(crashed, at).steps).toEqual([]);
    const decision = decide(asking(crashed, at), at);
    expect(decision.steps.map(({ do: word }) => word)).toEqual(["start"]);
    expect(decision.memory).toMatchObject({ attempts: 0 });
  });

  it("starts a job again that was ended for it, and leaves what is stopped as declared", () => {
    const at = start + 10 * minute;
    const job = plans(asking(running({ restartPolicy: "Never" }), at), at);
    expect(job.lines).toContain("start ");
    const stopped = changed(running({ desiredState: "Stopped" }), ended(at - minute));
    expect(plans(asking(stopped, at), at).lines).not.toContain("start ");
  });
});
