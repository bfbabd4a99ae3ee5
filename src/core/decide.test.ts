import { describe, expect, it } from "vitest";
import { record, spec, startOfTest as now, world, device } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import type { ObservedContainer } from "./observed.ts";
import { predict } from "./plan/predict.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;

/** Decides and carries out until nothing is left to do. */
function settle(
  start: World,
  at = now,
): { readonly world: World; readonly plans: string[]; readonly last: Decision } {
  let current = start;
  const plans: string[] = [];
  for (let pass = 0; pass < 20; pass += 1) {
    const decision = decide(current, at + pass * 4000);
    current = predict(current, decision, at + pass * 4000);
    if (decision.steps.length === 0) return { world: current, plans, last: decision };
    plans.push(renderPlan(decision.steps));
  }
  throw new Error(`no end after 20 passes:\n${plans.join("\n--\n")}`);
}

function withContainer(start: World, change: Partial<ObservedContainer>): World {
  return { ...start, containers: start.containers.map((container) => ({ ...container, ...change })) };
}

function exited(start: World, exitCode: number, finishedAt: number): World {
  return withContainer(start, { state: "exited", exitCode, finishedAt, pid: null });
}

describe("decide", () => {
  it("creates and starts what is declared, and then has nothing to do", () => {
    const settled = settle(world());

    expect(settled.plans).toEqual([
      "1 create train._.alice: no container for this spec\n2 start train._.alice: spec says Running",
    ]);
    expect(settled.last.status.phase).toBe("Running");
    expect(settled.last.status.conditions.find(({ type }) => type === "Ready")?.status).toBe("True");
  });

  it("says who has its name when it runs under another one, and takes the name once it is free", () => {
    const renamed = withContainer(settle(world()).world, { name: "train._.alice-mine" });
    const taken = decide({ ...renamed, nameTakenBy: "train._.alice" }, now + minute);

    expect(taken.steps).toEqual([]);
    expect(taken.status).toMatchObject({ phase: "Running", reason: "NameInUse" });
    expect(taken.status.message).toContain("runs as train._.alice-mine");
    expect(settle(renamed, now + minute).plans).toEqual([
      "1 rename train._.alice-mine -> train._.alice: was renamed to train._.alice-mine from outside",
    ]);
  });

  it("tells once why it waits, also while its file is refused", () => {
    const rejection = { reason: "SpecInvalid", message: "bad", path: "p", problems: [] };
    const blocked = { ...world({ record: record({ rejection }) }), nameTakenBy: "train._.alice" };
    const first = decide(blocked, now);
    const again = decide(predict(blocked, first, now), now + 30_000);

    expect(first.announcements.map(({ reason }) => reason)).toEqual(["NameConflict"]);
    expect(again.announcements).toEqual([]);
  });

  it("pulls a missing image before it takes a device", () => {
    const decision = decide(world({ image: { type: "missing" } }), now);

    expect(renderPlan(decision.steps)).toBe("1 pull bed/base:1: bed/base:1 is not here yet");
    expect(decision.reserve).toBeNull();
    expect(decision.status.phase).toBe("Preparing");
  });

  it("fails at once when a local image is missing and must not be pulled", () => {
    const own = record({ spec: spec({ imagePullPolicy: "Never" }) });
    const decision = decide(world({ record: own, image: { type: "missing" } }), now);

    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Failed", reason: "ImageNotFound" });
  });

  it("restarts a killed container at once, then after ten seconds", () => {
    const running = settle(world()).world;
    const first = decide(exited(running, 137, now + minute), now + minute);
    expect(renderPlan(first.steps)).toBe(
      "1 start train._.alice: killed from outside (exit 137, not by ds01); spec says Running",
    );

    const again = exited(
      predict(exited(running, 137, now + minute), first, now + minute),
      137,
      now + 2 * minute,
    );
    const second = decide(again, now + 2 * minute);
    expect(second.steps).toEqual([]);
    expect(second.status).toMatchObject({ phase: "Backoff", reason: "CrashLoopBackOff" });
    expect(second.requeueAt).toBe(now + 2 * minute + 10_000);
  });

  it("creates a container that was removed by hand, on the same device", () => {
    const own = record({ spec: spec({ gpus: { count: 1 } }) });
    const running = settle(
      world({ record: own, schedule: { type: "assigned", devices: [device(1)] } }),
    ).world;
    const gone: World = {
      ...running,
      containers: [],
      claim: null,
      schedule: { type: "assigned", devices: [device(1)] },
    };

    const decision = decide(gone, now + minute);

    expect(decision.steps.map((step) => step.do)).toEqual(["create", "start"]);
    expect(decision.reserve).toEqual(["GPU-1"]);
    expect(decision.memory.restarts).toBe(1);
  });

  it("holds the GPU of a stopped container, then releases it, then removes the container", () => {
    const lifecycle = { holdGpuAfterStop: "15m", removeAfterStop: "30m" };
    const own = record({ spec: spec({ gpus: { count: 1 }, lifecycle }) });
    const running = settle(
      world({ record: own, schedule: { type: "assigned", devices: [device(0)] } }),
    ).world;
    const unwanted: World = {
      ...running,
      record: {
        ...running.record,
        generation: 2,
        spec: spec({ gpus: { count: 1 }, lifecycle, desiredState: "Stopped" }),
      },
    };

    const stop = decide(unwanted, now + minute);
    expect(renderPlan(stop.steps)).toBe("1 stop train._.alice: spec.desiredState is Stopped; 30s grace");
    const stopped = predict(unwanted, stop, now + minute);
    const held = decide(stopped, now + 2 * minute);
    expect(held.steps).toEqual([]);
    expect(held.status).toMatchObject({ phase: "Held", holdUntil: "2026-11-23T12:16:00Z" });
    expect(held.requeueAt).toBe(now + 16 * minute);
    const released = decide(predict(stopped, held, now), now + 16 * minute);
    expect(released.status).toMatchObject({ phase: "Released", removeAt: "2026-11-23T12:31:00Z" });
    const removed = decide(predict(stopped, released, now), now + 31 * minute);
    expect(renderPlan(removed.steps)).toBe("1 remove train._.alice: removeAfterStop is over");
  });

  it("says of a hold that is made longer after it was over that the GPU is free", () => {
    const lifecycle = { holdGpuAfterStop: "10s" };
    const own = record({ spec: spec({ gpus: { count: 1 }, lifecycle, restartPolicy: "Never" }) });
    const running = settle(
      world({ record: own, schedule: { type: "assigned", devices: [device(0)] } }),
    ).world;
    const done = exited(running, 0, now + minute);
    const finished = settle({ ...done, claim: null }, now + 2 * minute);
    expect(finished.last.status).toMatchObject({ phase: "Completed", gpus: [] });
    const stopped = spec({
      gpus: { count: 1 },
      lifecycle: { holdGpuAfterStop: "5m" },
      desiredState: "Stopped",
    });
    const edited: World = {
      ...finished.world,
      record: { ...finished.world.record, generation: 2, spec: stopped },
    };

    const { status } = decide(edited, now + 3 * minute);

    expect(status).toMatchObject({ phase: "Released", reason: "GpuReleased", gpus: [] });
    expect(status.holdUntil).toBeUndefined();
  });

  it("replaces a container whose image changed, and keeps the old one until the new one runs", () => {
    const running = settle(world()).world;
    const changed: World = {
      ...running,
      record: { ...running.record, generation: 2, spec: spec({ image: "bed/health:1" }) },
    };

    const settled = settle(changed, now + minute);

    expect(settled.plans).toEqual([
      "1 create train._.alice.ds01-2: configuration changed (image)",
      "1 stop train._.alice: configuration changed (image); 30s grace",
      "1 start train._.alice.ds01-2: configuration changed (image)",
      "1 remove train._.alice: replaced: the new container runs\n2 rename train._.alice.ds01-2 -> train._.alice: replaces the old one: the new container runs",
    ]);
    expect(settled.last.status.phase).toBe("Running");
  });

  it("starts the old container again when the new one dies, and does not try again", () => {
    const running = settle(world()).world;
    let current: World = {
      ...running,
      record: { ...running.record, generation: 2, spec: spec({ image: "bed/crash:1" }) },
    };
    for (let pass = 0; pass < 3; pass += 1)
      current = predict(current, decide(current, now + minute), now + minute);
    const dead: World = {
      ...current,
      containers: current.containers.map((container) =>
        container.name.endsWith(".ds01-2")
          ? { ...container, state: "exited", exitCode: 1, finishedAt: now + minute, pid: null }
          : container,
      ),
    };

    const rollback = decide(dead, now + minute + 500);
    expect(renderPlan(rollback.steps)).toBe(
      "1 remove train._.alice.ds01-2: the new container exited with code 1\n2 start train._.alice: rolled back: the new container exited with code 1",
    );
    const after = decide(predict(dead, rollback, now + minute), now + 2 * minute);
    expect(after.steps).toEqual([]);
    expect(after.status).toMatchObject({ phase: "Degraded", reason: "RollbackPerformed" });
  });

  it("updates limits in place without GPUs, and never a container that has its GPU from the hook", () => {
    const plain = settle(world({ record: record({ spec: spec({ resources: { memory: "1Gi" } }) }) })).world;
    const shrunk = withContainer(plain, {
      config: { ...plain.containers[0]!.config, memoryBytes: 1024 ** 2 },
    });
    expect(decide(shrunk, now + minute).steps.map((step) => step.do)).toEqual(["update"]);

    const own = record({ spec: spec({ gpus: { count: 1 }, resources: { memory: "1Gi" } }) });
    const gpu = settle(world({ record: own, schedule: { type: "assigned", devices: [device(0)] } })).world;
    const byHand = withContainer(gpu, { config: { ...gpu.containers[0]!.config, memoryBytes: 1024 ** 2 } });
    expect(renderPlan(decide(byHand, now + minute).steps)).toContain(
      "1 create train._.alice.ds01-1: limits changed by hand: memory is 1Mi, wanted 1Gi",
    );
  });

  it("ends a job by its exit code when the restart policy says so", () => {
    const job = settle(world({ record: record({ spec: spec({ restartPolicy: "Never" }) }) })).world;

    const done = decide(exited(job, 0, now + minute), now + minute);
    expect(done.status.phase).toBe("Completed");
    expect(decide(predict(exited(job, 0, now + minute), done, now), now + 60 * minute).steps).toEqual([]);

    const failed = decide(exited(job, 3, now + minute), now + minute);
    expect(failed.status).toMatchObject({ phase: "Failed", message: "exited with code 3" });
  });

  it("looks at a job that is done again when its GPU and its container are due", () => {
    const lifecycle = { holdGpuAfterStop: "10m", removeAfterStop: "30m" };
    const own = record({ spec: spec({ restartPolicy: "Never", lifecycle }) });
    const ended = exited(settle(world({ record: own })).world, 0, now + minute);

    const done = decide(ended, now + minute);
    expect(done.requeueAt).toBe(now + 11 * minute);
    const kept = predict(ended, done, now + minute);
    expect(decide(kept, now + 12 * minute).requeueAt).toBe(now + 31 * minute);
    expect(decide(kept, now + 31 * minute).steps.map((step) => step.do)).toEqual(["remove"]);
  });

  it("stops at maxRuntime and does not start again", () => {
    const own = record({ spec: spec({ lifecycle: { maxRuntime: "1h" } }) });
    const running = settle(world({ record: own })).world;
    // First to warn of it.
    expect(decide(running, now + 30 * minute).requeueAt).toBe(now + 54 * minute);
    expect(decide(running, now + 55 * minute).requeueAt).toBe(now + 60 * minute);

    const stop = decide(running, now + 60 * minute);
    expect(stop.steps.map((step) => step.do)).toEqual(["stop"]);
    const stopped = predict(running, stop, now + 60 * minute);
    const after = decide(stopped, now + 61 * minute);
    expect(after.steps).toEqual([]);
    expect(after.status).toMatchObject({ phase: "Completed", reason: "MaxRuntimeExceeded" });
  });

  it("renames back, unpauses, and puts the restart policy right", () => {
    const running = settle(world()).world;
    const plan = (change: Partial<ObservedContainer>): string =>
      renderPlan(decide(withContainer(running, change), now + minute).steps);

    expect(plan({ name: "mine" })).toBe("1 rename mine -> train._.alice: was renamed to mine from outside");
    expect(plan({ state: "paused" })).toContain("1 unpause train._.alice");
    expect(plan({ config: { ...running.containers[0]!.config, restartPolicy: "always" } })).toContain(
      "1 update",
    );
  });

  it("stops and removes what is deleted, and forgets it only when nothing is left", () => {
    const running = settle(world()).world;
    const deleted: World = {
      ...running,
      record: { ...running.record, deletion: { requestedAt: now, cause: "file gone" } },
    };

    const stop = decide(deleted, now);
    expect(renderPlan(stop.steps)).toBe("1 stop train._.alice: file gone; 30s grace");
    const stopped = predict(deleted, stop, now);
    expect(renderPlan(decide(stopped, now).steps)).toBe("1 remove train._.alice: file gone");
    expect(decide({ ...stopped, containers: [] }, now).gone).toBe(true);
  });

  it("does nothing at all while the engine is unreachable, and nothing destructive before the source is synced", () => {
    const running = settle(world()).world;
    const deleted = { ...running.record, deletion: { requestedAt: now, cause: "file gone" } };

    expect(decide({ ...running, record: deleted, engineReady: false }, now).steps).toEqual([]);
    expect(decide({ ...running, record: deleted, sourceSynced: false }, now).steps).toEqual([]);
    const frozen = decide({ ...exited(running, 137, now), engineReady: false }, now);
    expect(frozen.steps).toEqual([]);
    expect(frozen.status.phase).toBe("Running");
  });

  it("gives equal decisions for equal worlds", () => {
    const start = world({ image: { type: "missing" } });

    expect(JSON.stringify(decide(start, now))).toBe(JSON.stringify(decide(start, now)));
  });
});
