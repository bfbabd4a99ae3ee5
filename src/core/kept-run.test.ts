import { describe, expect, it } from "vitest";
import { changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer } from "./observed.ts";
import { isMadeAnew } from "./lifecycle/between-tries.ts";
import { predict } from "./plan/predict.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;

function pass(world: World, at: number): World {
  return predict(world, decide(world, at), at);
}

function done(fields: Parameters<typeof edited>[1], change: Partial<ObservedContainer>): World {
  return pass(pass(changed(running(fields), change), now + minute), now + minute);
}

describe("what is kept of a run that has ended", () => {
  it("is read from its log once, when the job is done", () => {
    const job = changed(running({ restartPolicy: "Never" }), ended(now + minute, 3));

    const decision = decide(job, now + minute);
    expect(decision.keepLog).toMatchObject({ finishedAt: now + minute });
    const kept = predict(job, decision, now + minute);
    expect(decide(kept, now + minute).keepLog).toBeUndefined();
  });

  it("is its exit code, its times and that memory ran out, also when the container is gone", () => {
    const job = done({ restartPolicy: "Never" }, { ...ended(now + minute, 137), oomKilled: true });

    const { status } = decide({ ...job, containers: [] }, now + hour);
    expect(status).toMatchObject({ phase: "Failed", reason: "OOMKilled" });
    expect(status.container).toBeUndefined();
    expect(status.lastRun).toMatchObject({
      exitCode: 137,
      oomKilled: true,
      finishedAt: "2026-11-23T12:01:00Z",
    });
  });

  it("is not read of a container that is only stopped, or started again", () => {
    const crashed = changed(running(), ended(now + minute, 1));
    expect(decide(crashed, now + minute).keepLog).toBeUndefined();
    expect(decide(edited(crashed, { desiredState: "Stopped" }), now + minute).keepLog).toBeUndefined();
  });
});

describe("what is kept of a run when its spec is edited", () => {
  const image = { image: "lab/other:2" };

  it("stays, and is told to be of an earlier spec until the edit is taken back", () => {
    const finished = done({ restartPolicy: "Never" }, ended(now + minute, 3));
    const { lastRun } = decide(finished, now + hour).status;
    expect(lastRun).toMatchObject({ exitCode: 3 });
    expect(lastRun).not.toHaveProperty("ofEarlierSpec");

    const anew = pass(edited(finished, { restartPolicy: "Never", ...image }), now + hour);
    expect(decide(anew, now + hour).status.lastRun).toEqual({ ...lastRun, ofEarlierSpec: true });
    const back = edited(anew, { restartPolicy: "Never" });
    expect(decide(back, now + hour).status.lastRun).toEqual(lastRun);
  });

  it("is there also where it ended before anybody looked", () => {
    const unseen = changed(running({ restartPolicy: "OnFailure" }), ended(now + minute, 3));
    const edit = edited(unseen, { restartPolicy: "OnFailure", ...image });

    const decision = decide(edit, now + minute);
    expect(decision.keepLog).toMatchObject({ finishedAt: now + minute });
    expect(decision.status.lastRun).toMatchObject({ exitCode: 3, ofEarlierSpec: true });
  });

  it("is not the run that was stopped for the edit", () => {
    const edit = edited(running({ restartPolicy: "Never" }), { restartPolicy: "Never", ...image });
    const replaced = pass(pass(pass(edit, now + minute), now + minute), now + minute + 4000);
    expect(decide(replaced, now + 2 * minute).status.lastRun).toBeUndefined();
  });

  it("makes no try of the present spec", () => {
    const finished = done({ restartPolicy: "Never" }, ended(now + minute, 3));
    const { record } = finished;
    expect(isMadeAnew({ ...record, memory: { ...record.memory, finished: null } })).toBe(true);
    const anew = pass(edited(finished, { restartPolicy: "Never", ...image }), now + hour).record;
    expect(anew.memory.finished).toBeNull();
    expect(isMadeAnew(anew)).toBe(false);
  });
});

describe("ttlAfterFinished", () => {
  const job = { restartPolicy: "Never", lifecycle: { ttlAfterFinished: "10m", removeAfterStop: "never" } };

  it("removes the container that long after the job has finished, and leaves its status", () => {
    const finished = done(job, ended(now + minute, 0));

    const before = decide(finished, now + 10 * minute);
    expect(before.steps).toEqual([]);
    expect(before.requeueAt).toBe(now + 11 * minute);
    expect(before.status.removeAt).toBe("2026-11-23T12:11:00Z");
    const removed = pass(finished, now + 11 * minute);
    expect(removed.containers).toEqual([]);
    const { status, steps } = decide(removed, now + 12 * minute);
    expect(steps).toEqual([]);
    expect(status).toMatchObject({ phase: "Completed", lastRun: { exitCode: 0 } });
  });

  it("comes before a shorter removeAfterStop as well as before a longer one", () => {
    const kept = { ...job, lifecycle: { ttlAfterFinished: "1h", removeAfterStop: "1m" } };
    const finished = done(kept, ended(now + minute, 0));

    expect(decide(finished, now + 30 * minute).steps).toEqual([]);
    expect(decide(finished, now + hour + minute).steps.map((step) => step.do)).toEqual(["remove"]);
  });

  it("of 0s removes it as soon as its log is kept", () => {
    const finished = done({ ...job, lifecycle: { ttlAfterFinished: "0s" } }, ended(now + minute, 0));
    expect(finished.containers).toEqual([]);
    expect(finished.record.memory.keptLog).toBeDefined();
  });

  it("does not concern a container that was only stopped", () => {
    const stopped = changed(running(), ended(now + minute, 143));
    const rested = pass(edited(stopped, { ...job, desiredState: "Stopped" }), now + minute);
    expect(decide(rested, now + hour).steps).toEqual([]);
  });
});
