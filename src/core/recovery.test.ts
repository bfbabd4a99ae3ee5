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
import { waitingOutcome } from "../../test/support/waiting-outcome.ts";
import { device, record, spec, startOfTest as now, world } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import type { ObservedContainer } from "./observed.ts";
import { predict } from "./plan/predict.ts";
import { renderPlan } from "./plan/render-plan.ts";
import { specHash } from "./plan/spec-hash.ts";
import type { World } from "./world.ts";

const minute = 60_000;

const isReplacement = ({ name }: ObservedContainer): boolean => name.includes(".ds01-");

describe("a replacement", () => {
  it("that the owner overtook by another edit is dropped, and the newest spec is tried", () => {
    const second = after(3, edited(running(), { image: "bed/health:1" }), now + minute);
    expect(second.containers.find(isReplacement)?.state).toBe("running");

    const third = edited(second, { image: "bed/crash:1" });
    const settled = after(8, third, now + 2 * minute);

    expect(settled.containers.map(({ config }) => config.image)).toEqual(["bed/crash:1"]);
    expect(settled.record.status.phase).toBe("Running");
  });

  it("that failed is not tried again when the old container ends later", () => {
    const trying = after(3, edited(running(), { image: "bed/crash:1" }), now + minute);
    const failed = changed(trying, ended(now + minute), isReplacement);
    const back = after(2, failed, now + minute + 500);
    expect(back.record.status).toMatchObject({ phase: "Degraded", reason: "RollbackPerformed" });

    const crashed = changed(back, ended(now + 5 * minute));
    expect(renderPlan(decide(crashed, now + 5 * minute).steps)).toBe(
      "1 start train._.alice: exited with code 1; spec says Running",
    );
  });

  it("that failed is not tried again when the old container ends later, though it was to have a GPU", () => {
    const schedule = { type: "assigned", devices: [device(0)] } as const;
    const wanted = { ...edited(running(), { image: "bed/crash:1", gpus: { count: 1 } }), schedule };
    const trying = after(3, wanted, now + minute);
    const failed = changed(trying, ended(now + minute), isReplacement);
    const back = after(2, failed, now + minute + 500);
    expect(back.record.status).toMatchObject({ phase: "Degraded", reason: "RollbackPerformed" });

    const crashed = changed({ ...back, claim: null, schedule }, ended(now + 5 * minute));
    expect(renderPlan(decide(crashed, now + 5 * minute).steps)).toBe(
      "1 start train._.alice: exited with code 1; spec says Running",
    );
  });

  it("that failed keeps nobody waiting for the further GPUs that it was to have", () => {
    const gpus = { count: 2 };
    const schedule = { type: "assigned", devices: [device(1), device(2)] } as const;
    const begun = running({ gpus: { count: 1 } });
    const trying = after(3, { ...edited(begun, { image: "bed/crash:1", gpus }), schedule }, now + minute);
    // What it was made with stays its own beside what the new one has.
    const both = [0, 1, 2].map((index) => device(index).uuid);
    const claim = begun.claim === null ? null : { ...begun.claim, deviceUuids: both };
    const failed = changed({ ...trying, claim, schedule }, ended(now + minute), isReplacement);
    const back = after(3, failed, now + minute + 500);
    expect(back.record.status).toMatchObject({ phase: "Degraded", reason: "RollbackPerformed" });

    const crashed = changed(
      { ...back, claim: begun.claim, schedule: waitingOutcome() },
      ended(now + 5 * minute),
    );
    expect(renderPlan(decide(crashed, now + 6 * minute).steps)).toBe(
      "1 start train._.alice: exited with code 1; spec says Running",
    );
    const away = decide({ ...crashed, gpuStackReady: false }, now + 10 * minute);
    expect(away).toMatchObject({ steps: [], status: { reason: "GpuStackNotReady" } });
  });

  /** The old container has ended on a device that is not there any more; the new one stands beside it. */
  function besideOneThatCannotRun(fields: Parameters<typeof spec>[0] = {}): World {
    const begun = changed(running({ gpus: { count: 1 } }), ended(now + minute));
    const wanted = edited(begun, { image: "bed/crash:1", gpus: { count: 1 }, ...fields });
    const schedule = { type: "assigned", devices: [device(1)] } as const;
    return after(1, { ...wanted, schedule, claim: null, devices: [device(1)] }, now + minute);
  }

  const isAfterwards = (world: World): readonly string[] => world.containers.map(({ name }) => name);

  it("that fails where the old container cannot run again takes its place, and is started again with pauses", () => {
    const trying = after(1, besideOneThatCannotRun(), now + 2 * minute);
    const failed = changed(trying, ended(now + 3 * minute), isReplacement);
    expect(renderPlan(decide(failed, now + 3 * minute).steps)).toContain("remove train._.alice");
    const alone = after(1, failed, now + 3 * minute);
    expect(isAfterwards(alone)).toEqual(["train._.alice"]);

    const again = changed(after(1, alone, now + 3 * minute), ended(now + 3 * minute + 10));
    const backoff = decide(again, now + 3 * minute + 20);
    expect(backoff).toMatchObject({ steps: [], status: { phase: "Backoff", reason: "CrashLoopBackOff" } });
  });

  it("of a job that fails there is its end", () => {
    const job = { restartPolicy: "Never" } as const;
    const trying = after(1, besideOneThatCannotRun(job), now + 2 * minute);
    const failed = after(2, changed(trying, ended(now + 3 * minute), isReplacement), now + 3 * minute);
    expect(failed.record.status).toMatchObject({ phase: "Failed" });
    expect(decide(failed, now + 9 * minute).steps).toEqual([]);
  });

  it("that cannot be started there waits beside the old one, which is kept, and is not made anew", () => {
    const made = besideOneThatCannotRun();
    const tried = remembering(made, { failure: { ...failure("start", now + 5 * minute), generation: 2 } });
    const waiting = decide(tried, now + 2 * minute);
    expect(waiting).toMatchObject({ steps: [], requeueAt: now + 5 * minute, status: { phase: "Backoff" } });
    expect(waiting.status.message).toContain("the engine said 500");
    expect(renderPlan(decide(tried, now + 5 * minute).steps)).toMatch(/^1 start train\._\.alice\.ds01-2: /);
    const asks = { ...failure("start", now + 5 * minute), generation: 2, stalled: true };
    const stalled = decide(remembering(made, { failure: asks }), now + 2 * minute);
    expect(stalled).toMatchObject({ steps: [], status: { phase: "Failed" } });
  });

  it("that is good at last is not called rolled back any more", () => {
    const made = besideOneThatCannotRun();
    const hash = specHash(made.record.spec ?? spec());
    const rolledBack = { specHash: hash, reason: "RollbackPerformed", message: "rolled back" };
    const tried = remembering(made, { rolledBack });
    const good = after(4, tried, now + 2 * minute);
    expect(good.record.status).toMatchObject({ phase: "Running" });
  });

  it.each([
    ["as long as Docker's own check takes", {}, 4 * minute],
    [
      "its start period and all retries",
      { startPeriod: "10m", interval: "1m", timeout: "30s", retries: 1 },
      13 * minute,
    ],
    ["never less than two minutes", { interval: "1s", timeout: "1s" }, 2 * minute],
  ])("may take to become healthy %s", (_title, times, allowedMs) => {
    const healthCheck = { command: ["true"], ...times };
    const trying = after(3, edited(running(), { image: "bed/slow:1", healthCheck }), now + minute);
    const slow = changed(trying, { health: "starting" }, isReplacement);
    const deadline = (slow.containers.find(isReplacement)?.startedAt ?? 0) + allowedMs;

    expect(decide(slow, deadline - 1)).toMatchObject({ steps: [], fact: { at: deadline } });
    expect(decide(slow, deadline).fact.type).toBe("replacement.failed");
  });

  it("that failed is tried again after any edit of the spec", () => {
    const trying = after(3, edited(running(), { image: "bed/crash:1" }), now + minute);
    const back = after(2, changed(trying, ended(now + minute), isReplacement), now + minute + 500);

    const again = edited(back, { image: "bed/crash:1", priority: 7 });
    expect(renderPlan(decide(again, now + 9 * minute).steps)).toContain("create train._.alice.ds01-3");
  });

  it("is not begun while the GPU stack does not answer, and what runs goes on", () => {
    const outdated = edited(running({ gpus: { count: 1 } }), { gpus: { count: 1 }, image: "bed/health:1" });

    const frozen = decide({ ...outdated, gpuStackReady: false }, now + minute);
    expect(frozen.steps).toEqual([]);
    expect(frozen.status).toMatchObject({ phase: "Running", reason: "GpuStackNotReady" });

    const made = predict(outdated, decide(outdated, now + minute), now + minute);
    expect(decide({ ...made, gpuStackReady: false }, now + minute).steps).toEqual([]);
    expect(decide(made, now + minute).steps.map((step) => step.do)).toEqual(["stop"]);
  });
});

describe("a step that fails again and again", () => {
  const failing = (step: string): Partial<LifecycleMemory> => ({
    failure: failure(step, now + 7 * minute, 20),
  });

  it("waits for its time when a deleted object is removed", () => {
    const deletion = { requestedAt: now, cause: "file gone" };
    const gone = changed(running(), ended(now + minute));
    const failed = remembering({ ...gone, record: { ...gone.record, deletion } }, failing("remove"));

    const waiting = decide(failed, now + 2 * minute);
    expect(waiting.steps).toEqual([]);
    expect(waiting.requeueAt).toBe(now + 7 * minute);
    expect(waiting.status.message).toContain("the engine said 500");
    expect(decide(failed, now + 7 * minute).steps.map((step) => step.do)).toEqual(["remove"]);
  });

  it.each([
    ["unpause", { state: "paused" }],
    ["rename", { name: "mine" }],
  ] as const)("waits for its time when it is %s", (step, change) => {
    const failed = remembering(changed(running(), change), failing(step));

    expect(decide(failed, now + 2 * minute)).toMatchObject({ steps: [], requeueAt: now + 7 * minute });
    expect(decide(failed, now + 7 * minute).steps.map(({ do: word }) => word)).toEqual([step]);
  });

  it("does not hold back another step", () => {
    const failed = remembering(changed(running(), { state: "paused" }), failing("rename"));
    expect(decide(failed, now + 2 * minute).steps.map(({ do: word }) => word)).toEqual(["unpause"]);
  });
});

describe("a container", () => {
  it("that never started makes way when the spec says Stopped, and so gives its GPU back", () => {
    const own = record({ spec: spec({ gpus: { count: 1 } }) });
    const start = world({ record: own, schedule: { type: "assigned", devices: [device(0)] } });
    const decision = decide(start, now);
    const created = predict(start, { ...decision, steps: decision.steps.slice(0, 1) }, now);

    const unwanted = edited(created, { gpus: { count: 1 }, desiredState: "Stopped" });
    expect(renderPlan(decide(unwanted, now).steps)).toBe(
      "1 remove train._.alice: never started and spec.desiredState is Stopped",
    );
  });

  it("that never started makes way when its devices are somebody else's by now", () => {
    const own = record({ spec: spec({ gpus: { count: 1 } }) });
    const start = world({ record: own, schedule: { type: "assigned", devices: [device(0)] } });
    const decision = decide(start, now);
    const created = predict(start, { ...decision, steps: decision.steps.slice(0, 1) }, now);
    const robbed: World = { ...created, claim: null, schedule: waitingOutcome() };
    expect(decide(robbed, now + 1000).steps.map((step) => step.do)).toEqual(["remove"]);
  });

  it("that Docker could not remove is removed, not started", () => {
    const dead = changed(running(), { ...ended(now + minute), state: "dead" });
    expect(decide(dead, now + minute).steps.map((step) => step.do)).toEqual(["remove"]);
  });

  it("that has ended is not called Running while it waits to start again", () => {
    const broken = changed(running({ volumes: [] }), ended(now + minute));
    const refused = edited(broken, { user: "root" });

    const decision = decide(refused, now + minute);
    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Pending", reason: "UserDenied" });
  });

  it("that runs is called Running while it waits for what an edit needs, whatever was remembered", () => {
    const outdated = edited(running(), { image: "bed/new:1" });
    const forgotten = remembering({ ...outdated, image: { type: "pulling" } }, { state: "Pending" });
    expect(decide(forgotten, now + minute).status.phase).toBe("Running");
  });
});

describe("a plan that may not be carried out in full", () => {
  it("ends before its first destructive step: a replacement is not renamed over what still stands", () => {
    const trying = after(3, edited(running(), { image: "bed/health:1" }), now + minute);
    const late = decide({ ...trying, sourceSynced: false }, now + 5 * minute);
    expect(decide(trying, now + 5 * minute).steps.map((step) => step.do)).toEqual(["remove", "rename"]);
    expect(late.steps).toEqual([]);
  });
});

describe("a stop that is declared for a job that has ended", () => {
  const gpus = { count: 1 };

  it("does not take back the GPU that others have by now", () => {
    const failed = changed(running({ gpus, restartPolicy: "Never" }), ended(now + minute));
    const stopped = edited({ ...failed, claim: null }, { gpus, desiredState: "Stopped" });
    expect(decide(stopped, now + 2 * minute).status).toMatchObject({
      phase: "Released",
      message: "stopped as declared; its GPUs are free for others",
      gpus: [],
    });
  });
});

describe("absurd times", () => {
  it("in a spec or in the memory are no reason to fail", () => {
    const far = { maxRuntime: "99999999d", holdGpuAfterStop: "99999999d", removeAfterStop: "99999999d" };
    const long = running({ gpus: { count: 1 }, lifecycle: far });
    expect(decide(long, now + minute).status.expiresAt).toBe("9999-12-31T23:59:59Z");
    const stopped = edited(changed(long, ended(now)), {
      desiredState: "Stopped",
      gpus: { count: 1 },
      lifecycle: far,
    });
    expect(decide(stopped, now + minute).status).toMatchObject({
      phase: "Held",
      holdUntil: "9999-12-31T23:59:59Z",
    });
  });
});
