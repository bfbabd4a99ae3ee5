import { describe, expect, it } from "vitest";
import { after, changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { whileItFinishes } from "./deletion-policy.ts";
import { predict } from "./plan/predict.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const job = { restartPolicy: "OnFailure", backoffLimit: 2 } as const;

interface Run {
  readonly world: World;
  readonly at: number;
  /** Steps, each with the seconds since the first end. */
  readonly steps: readonly string[];
}

/** Goes on until nothing is due any more; every process fails a second after its start. */
function failing(start: World, exitCode = 1, maximumPasses = 60): Run {
  let current = start;
  let at = now + minute;
  const first = at;
  const steps: string[] = [];
  for (let pass = 0; pass < maximumPasses; pass += 1) {
    if (current.containers.some(({ state }) => state === "running")) {
      at += 1000;
      current = changed(current, ended(at, exitCode), ({ state }) => state === "running");
    }
    const decision = decide(current, at);
    steps.push(...decision.steps.map((step) => `${Math.round((at - first) / 1000)} ${step.do}`));
    current = predict(current, decision, at);
    if (decision.steps.length > 0) continue;
    if (decision.requeueAt === null) break;
    at = Math.max(at, decision.requeueAt);
  }
  return { world: current, at, steps };
}

describe("a job with a backoffLimit", () => {
  it("is tried again as often as that, the first time at once, and has then failed", () => {
    const { world, steps } = failing(running(job), 3);

    expect(steps).toEqual(["1 start", "12 start"]);
    expect(world.record.status).toMatchObject({
      phase: "Failed",
      reason: "BackoffLimitExceeded",
      restarts: 2,
    });
    expect(world.record.status.message).toContain("exited with code 3");
    expect(world.record.memory.finished).toMatchObject({ state: "Failed", exitCode: 3 });
  });

  it("of 0 is not tried again", () => {
    const { world, steps } = failing(running({ ...job, backoffLimit: 0 }));

    expect(steps).toEqual([]);
    expect(world.record.status.reason).toBe("BackoffLimitExceeded");
  });

  it("and restartPolicy Never is tried again in a new container each time", () => {
    const { world, steps } = failing(running({ restartPolicy: "Never", backoffLimit: 2 }));

    expect(steps).toEqual(["1 remove", "1 create", "1 start", "12 remove", "12 create", "12 start"]);
    expect(world.record.status).toMatchObject({ reason: "BackoffLimitExceeded", restarts: 2 });
  });

  it("counts failures that lie far apart, which the wait between restarts does not", () => {
    let current = running(job);
    let at = now;
    for (let run = 0; run < 3; run += 1) {
      at += 20 * minute;
      current = changed(current, ended(at), ({ state }) => state === "running");
      for (let pass = 0; pass < 3; pass += 1) current = predict(current, decide(current, at), at);
    }
    expect(current.record.status.reason).toBe("BackoffLimitExceeded");
  });

  it("is Completed when a try succeeds", () => {
    const first = changed(running(job), ended(now + minute));
    const again = predict(first, decide(first, now + minute), now + minute);
    const done = changed(again, ended(now + 2 * minute, 0));

    expect(decide(done, now + 2 * minute).status).toMatchObject({ phase: "Completed", restarts: 1 });
  });

  it("keeps its devices for the next try as any that is started again", () => {
    const { world } = failing(running({ ...job, gpus: { count: 1 } }), 1, 2);

    expect(decide(world, now + 2 * minute).status.gpus).toHaveLength(1);
  });

  it("goes on, counted anew, when the limit is raised, and not for another edit", () => {
    const { world, at } = failing(running(job));

    const same = edited(world, { ...job, priority: 3 });
    expect(decide(same, at + minute).steps).toEqual([]);
    const more = edited(world, { ...job, backoffLimit: 3 });
    const decision = decide(more, at + minute);
    expect(decision.steps.map((step) => step.do)).toEqual(["start"]);
    expect(decision.memory).toMatchObject({ finished: null, attempts: 0 });
  });

  it("does not count that it was stopped and started", () => {
    const stopped = predict(
      edited(running(job), { ...job, desiredState: "Stopped" }),
      decide(edited(running(job), { ...job, desiredState: "Stopped" }), now + minute),
      now + minute,
    );
    const rested = predict(stopped, decide(stopped, now + minute), now + minute);
    const again = predict(
      edited(rested, job),
      decide(edited(rested, job), now + 2 * minute),
      now + 2 * minute,
    );
    expect(again.record.memory.retries ?? 0).toBe(0);
  });

  it("tries nothing twice when a step is decided on again after a crash", () => {
    const failed = changed(running({ restartPolicy: "Never", backoffLimit: 1 }), ended(now + minute));
    const decision = decide(failed, now + minute);
    // What was decided is remembered, and nothing of it was carried out.
    const crashed = { ...failed, record: { ...failed.record, memory: decision.memory } };
    const again = decide(crashed, now + minute + 10_000);

    expect(again.steps.map((step) => step.do)).toEqual(["remove"]);
    expect(again.memory).toMatchObject({ retries: 1, restarts: 1 });
  });

  it("goes on to its last try when its file is gone and it is to finish first", () => {
    const start = running({ restartPolicy: "Never", backoffLimit: 2 });
    const pruneBlocked = whileItFinishes("its file is gone");
    const { world, steps } = failing({ ...start, record: { ...start.record, pruneBlocked } });

    expect(steps).toEqual(["1 remove", "1 create", "1 start", "12 remove", "12 create", "12 start"]);
    expect(world.record.memory.finished).toMatchObject({ reason: "BackoffLimitExceeded" });
  });

  it("is not made again then when the container of its last try is lost", () => {
    const start = running({ restartPolicy: "Never", backoffLimit: 2 });
    const pruneBlocked = whileItFinishes("its file is gone");
    const failed = changed({ ...start, record: { ...start.record, pruneBlocked } }, ended(now + minute));
    const again = after(4, failed, now + minute);
    expect(again.containers).toMatchObject([{ state: "running" }]);

    const decision = decide({ ...again, containers: [], claim: null }, now + 2 * minute);
    expect(decision).toMatchObject({ steps: [], fact: { reason: "FinishesFirst" } });
  });
});
