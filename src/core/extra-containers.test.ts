import { describe, expect, test } from "vitest";
import { after, changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer } from "./observed.ts";
import { predict } from "./plan/predict.ts";
import type { World } from "./world.ts";

/** Beside what stands for the object a second one runs that somebody has renamed. */
function withExtra(fields: Parameters<typeof running>[0] = {}): World {
  const world = running(fields);
  const [own] = world.containers;
  if (own === undefined) throw new TypeError("nothing runs");
  const extra = { ...own, id: "extra", name: `${own.name}-mine`, createdAt: own.createdAt - 1 };
  return { ...world, containers: [own, extra] };
}

const reasons = (decision: ReturnType<typeof decide>): readonly string[] =>
  decision.announcements.map(({ reason }) => reason);

describe("a further container with the labels of an object", () => {
  test("is left alone and told of, once", () => {
    const world = withExtra();
    const first = decide(world, start + 60_000);
    expect(first.steps).toEqual([]);
    expect(reasons(first)).toContain("ExtraContainer");
    expect(first.status.conditions).toContainEqual(
      expect.objectContaining({ type: "ExtraContainers", status: "True", reason: "ExtraContainer" }),
    );

    const away = decide({ ...predict(world, first, start + 60_000), engineReady: false }, start + 61_000);
    const later = { ...predict(world, away, start + 61_000), engineReady: true };
    expect(
      reasons(decide({ ...later, record: { ...later.record, memory: away.memory } }, start + 62_000)),
    ).not.toContain("ExtraContainer");
  });

  test("is left alone too when the object is to be stopped, but not in an emergency", () => {
    const stopped = edited(withExtra(), { desiredState: "Stopped" });
    const targets = (world: World): readonly string[] =>
      decide(world, start + 60_000).steps.map((step) => ("id" in step ? `${step.do} ${step.id}` : step.do));
    const [own] = stopped.containers;
    expect(targets(stopped)).toEqual([`stop ${own?.id}`]);
    const emergencyStop = { user: null, by: "root", at: start, reason: "smoke" };
    expect(targets({ ...withExtra(), emergencyStop })).toEqual([`stop ${own?.id}`, "stop extra"]);
  });

  test("ends in an emergency even when the job itself has ended, which stays as it is", () => {
    const ends = { restartPolicy: "Never" } as const;
    const isOwn = ({ id }: ObservedContainer): boolean => id !== "extra";
    const live = withExtra(ends);
    const done = after(2, changed(live, ended(start + 60_000, 3), isOwn), start + 60_000);
    expect(done.record.status.phase).toBe("Failed");
    const emergencyStop = { user: null, by: "root", at: start, reason: "smoke" };

    const decision = decide({ ...done, emergencyStop }, start + 90_000);
    expect(decision.steps).toMatchObject([{ do: "stop", id: "extra" }]);
    expect(decision.fact.reason).toBe("EmergencyStop");
    const stopping = predict({ ...done, emergencyStop }, decision, start + 90_000);
    const rest = after(2, stopping, start + 91_000);
    expect(rest.containers.map(({ state }) => state)).toEqual(["exited", "exited"]);
    expect(rest.record.status.phase).toBe("Failed");
    const { finished, stopCause } = done.record.memory;
    expect(rest.record.memory).toMatchObject({ finished, stopCause });
    expect(after(3, { ...rest, emergencyStop: null }, start + 200_000).containers).toEqual(rest.containers);
  });
});

test("what was told before the engine was away is not told again when it is back", () => {
  const fields = { restartPolicy: "Never" } as const;
  const [own] = running(fields).containers;
  const gone = { ...own, state: "exited", exitCode: 3, finishedAt: start + 50_000 } as ObservedContainer;
  let current: World = { ...running(fields), containers: [gone] };
  const told: string[] = [];
  for (const [second, engineReady] of [true, true, true, false, true, false, true].entries()) {
    const at = start + 60_000 + second * 40_000;
    const decision = decide({ ...current, engineReady }, at);
    told.push(...reasons(decision));
    current = predict(current, decision, at);
  }
  expect(told).toEqual(["ExitCode"]);
});
