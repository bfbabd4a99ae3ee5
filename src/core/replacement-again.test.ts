import { describe, expect, test } from "vitest";
import { after, changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { EmergencyStop } from "./emergency-stop.ts";
import { isReplacementName } from "./plan/container-name.ts";
import { predict } from "./plan/predict.ts";
import { isLive } from "./plan/roles.ts";
import type { World } from "./world.ts";

const [away, back] = [start - 60_000, start + 30_000];
const stop: EmergencyStop = { user: null, by: "root", at: start, reason: "fire" };

/** A container with another image has been started beside the old one, which is stopped. */
function replacing(fields: Parameters<typeof edited>[1] = {}): World {
  const begun = running({ image: "bed/base:1", ...fields }, [], { engineSince: away });
  let world = edited(begun, { image: "bed/base:2", ...fields });
  for (let pass = 0; pass < 6 && !hasNew(world); pass += 1)
    world = predict(world, decide(world, start), start);
  return world;
}

function hasNew({ containers }: World): boolean {
  return containers.some((one) => isReplacementName(one.name) && isLive(one));
}

const newEnds = (world: World, exitCode = 143): World =>
  changed(world, ended(start + 1000, exitCode), ({ name }) => isReplacementName(name));
const steps = (world: World, at: number): readonly string[] =>
  decide(world, at).steps.map((step) => `${step.do} ${"name" in step ? step.name : ""}`);

describe("a new container that ends beside the old one", () => {
  test("is started again when the engine was away meanwhile, and only once for that", () => {
    const taken = { ...newEnds(replacing()), engineSince: back };
    const decision = decide(taken, back);
    expect(decision.steps).toMatchObject([{ do: "start", name: "train._.alice.ds01-2" }]);
    expect(decision.memory.rolledBack).toBeNull();
    const again = newEnds(predict(taken, decision, back));
    expect(decide(again, back + 2000).fact).toMatchObject({
      type: "replacement.failed",
      reason: "RollbackPerformed",
    });
  });

  test("is rolled back as before when the engine was there all the time", () => {
    expect(decide(newEnds(replacing()), start + 2000).fact.type).toBe("replacement.failed");
  });

  test("is not run twice where its job is never tried again", () => {
    const taken = { ...newEnds(replacing({ restartPolicy: "Never" })), engineSince: back };
    expect(decide(taken, back).fact.type).toBe("replacement.failed");
  });

  test("ends nothing of the old one where somebody has started that", () => {
    const taken = { ...newEnds(replacing()), engineSince: back };
    const beside = changed(
      taken,
      { state: "running", startedAt: start + 1500, finishedAt: null },
      ({ name }) => !isReplacementName(name),
    );
    expect(steps(beside, back)).toEqual(["remove train._.alice.ds01-2"]);
  });

  test("takes the place of the old one when it stays up after the engine is back", () => {
    const done = after(4, { ...newEnds(replacing()), engineSince: back }, back);
    expect(done.containers).toMatchObject([{ name: "train._.alice", config: { image: "bed/base:2" } }]);
  });
});

describe("an emergency while a new container stands beside the old one", () => {
  test("stops both, removes none that has run, and goes on with the new one when it is over", () => {
    const calm = replacing();
    const stopped = after(3, { ...calm, emergencyStop: stop }, start + 1000);
    expect(stopped.containers.map(({ name, state }) => [name, state])).toEqual([
      ["train._.alice", "exited"],
      ["train._.alice.ds01-2", "exited"],
    ]);
    expect(decide(stopped, start + 86_400_000).steps).toEqual([]);

    const over = { ...stopped, emergencyStop: null };
    expect(steps(over, start + 60_000)).toEqual(["start train._.alice.ds01-2"]);
    const done = after(4, over, start + 60_000);
    expect(done.containers).toMatchObject([{ name: "train._.alice", config: { image: "bed/base:2" } }]);
    expect(done.record.memory.rolledBack).toBeNull();
  });

  test.each(["OnFailure", "Never"] as const)(
    "is no end of a job (%s), whatever code its new container ended with",
    (restartPolicy) => {
      const stopped = after(3, { ...replacing({ restartPolicy }), emergencyStop: stop }, start + 1000);
      const over = { ...newEnds(stopped, 0), emergencyStop: null };
      expect(steps(over, start + 60_000)).toEqual(["start train._.alice.ds01-2"]);
      const done = after(4, over, start + 60_000);
      expect(done.containers).toMatchObject([{ name: "train._.alice", state: "running" }]);
      // The next end is its own.
      const ended = changed(done, { state: "exited", exitCode: 0, finishedAt: start + 90_000 });
      expect(after(1, ended, start + 90_000).record.status).toMatchObject({ phase: "Completed" });
    },
  );
});
