import { describe, expect, it } from "vitest";
import { changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import type { AccessPolicy } from "./gpu-access.ts";
import { predict } from "./plan/predict.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const gpu = { gpus: { count: 1 } };

/** Its container runs and cannot open its GPU any more. */
function losing(policy: AccessPolicy, fields: object = {}): World {
  const start = running({ ...gpu, ...fields });
  return without(start, now, policy);
}

/** It cannot open its GPU in the run it is in, as is found out at that time. */
function without(start: World, seenAt: number, policy: AccessPolicy): World {
  const { id, startedAt } = start.containers[0]!;
  const loss = { containerId: id, startedAt, seenAt, node: "/dev/nvidiactl" };
  return { ...start, gpuAccess: { lost: [loss], policy } };
}

function conditions({ status }: Decision): Record<string, string> {
  return Object.fromEntries(
    status.conditions.map(({ type, status: value, reason }) => [type, `${value} ${reason}`]),
  );
}

/** What is planned, pass after pass, until nothing is. */
function plans(start: World): readonly string[] {
  const seen: string[] = [];
  let world = start;
  for (let pass = 1; pass < 12; pass += 1) {
    const at = now + minute + pass * 4000;
    const decision = decide(world, at);
    if (decision.steps.length === 0) break;
    seen.push(renderPlan(decision.steps));
    world = predict(world, decision, at);
  }
  return seen;
}

describe("a container that can no longer open its GPU", () => {
  it("is told of and left alone unless somebody wants otherwise", () => {
    const decision = decide(losing("notify"), now + minute);
    expect(decision.steps).toEqual([]);
    expect(decision.memory.state).toBe("Running");
    expect(decision.status).toMatchObject({ reason: "GpuAccessLost" });
    expect(conditions(decision)).toMatchObject({
      GpuAccess: "False GpuAccessLost",
      Ready: "False GpuAccessLost",
      GpuAllocated: "True Allocated",
    });
    expect(decision.announcements).toMatchObject([
      {
        type: "Warning",
        reason: "GpuAccessLost",
        message: expect.stringMatching(/nvidia-ctk cdi generate/) as string,
      },
    ]);
  });

  it("is told of once, and again when it has its GPU back", () => {
    const world = losing("notify");
    const first = decide(world, now + minute);
    const later = predict(world, first, now + minute);
    expect(decide(later, now + 2 * minute).announcements).toEqual([]);
    const back = { ...later, gpuAccess: { ...later.gpuAccess, lost: [] } };
    const restored = decide(back, now + 3 * minute);
    expect(restored.announcements).toMatchObject([{ type: "Normal", reason: "GpuAccessRestored" }]);
    expect(conditions(restored)).toMatchObject({ Ready: "True Running" });
    expect(conditions(restored)).not.toHaveProperty("GpuAccess");
  });

  it.each(["Always", "OnFailure", "Never"])(
    "is started again where that is wanted, also with restartPolicy %s",
    (restartPolicy) => {
      const [stop, start, ...more] = plans(losing("restart", { restartPolicy }));
      expect(stop).toMatch(/^1 stop train\._\.alice: it can no longer open \/dev\/nvidiactl/);
      expect(start).toBe("1 start train._.alice: started again to open its GPUs");
      expect(more).toEqual([]);
    },
  );

  it("is replaced where that is wanted, and the new one is not", () => {
    const steps = plans(losing("recreate")).join("\n");
    expect(steps).toMatch(/create train\._\.alice\.ds01-1: it can no longer open/);
    expect(steps).toContain("same GPU 0");
    expect(steps.match(/create/g)).toHaveLength(1);
  });

  it("follows its spec before the configuration", () => {
    const wanted = (policy: AccessPolicy): object => ({ lifecycle: { onGpuAccessLost: policy } });
    expect(plans(losing("restart", wanted("notify")))).toEqual([]);
    expect(plans(losing("notify", wanted("restart")))).toHaveLength(2);
  });

  it("is not ended while a start would not help, or before the source was read", () => {
    for (const policy of ["restart", "recreate"] as const) {
      expect(plans({ ...losing(policy), gpuStackReady: false })).toEqual([]);
    }
    expect(plans({ ...losing("restart"), sourceSynced: false })).toEqual([]);
  });

  it("has lost nothing once it is started again, or has ended", () => {
    const world = losing("restart");
    const again = changed(world, { startedAt: now + minute });
    expect(decide(again, now + 2 * minute).steps).toEqual([]);
    const over = decide(changed(world, ended(now + minute)), now + 2 * minute);
    expect(conditions(over)).not.toHaveProperty("GpuAccess");
  });
});

const second = 1000;

/** Carries out what is decided until nothing is left to do, one pass a second; what was created is started. */
function settle(start: World, at: number): { readonly world: World; readonly at: number } {
  let [world, time] = [start, at];
  for (let pass = 0; pass < 12; pass += 1) {
    const decision = decide(world, time);
    const isDone = decision.steps.length === 0 && world.containers.length === 1;
    if (isDone) return { world: predict(world, decision, time), at: time };
    world = predict(world, decision, time);
    time += second;
  }
  throw new Error("it does not settle");
}

/** How long it is left alone each time when its GPU is lost again a moment after every start. */
function pauses(policy: "restart" | "recreate", times: number): readonly number[] {
  let { world, at } = { world: running(gpu), at: now + minute };
  const found: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const lostAt = at;
    const lost = without(world, lostAt, policy);
    let decision = decide(lost, at);
    if (decision.steps.length === 0) {
      const due = decision.requeueAt!;
      expect(decision.status).toMatchObject({
        phase: "Running",
        reason: "GpuAccessLost",
        nextStartAt: new Date(due).toISOString().replace(".000", ""),
      });
      const remembering = predict(lost, decision, at);
      expect(decide(remembering, due - 1).steps).toEqual([]);
      at = due;
      decision = decide(remembering, at);
      world = remembering;
    } else world = lost;
    expect(decision.steps.map(({ do: what }) => what)).toEqual([policy === "restart" ? "stop" : "create"]);
    found.push(at - lostAt);
    ({ world, at } = settle(world, at));
  }
  return found.map((pause) => pause / second);
}

describe("a container whose GPU is lost again after every start", () => {
  it.each(["restart", "recreate"] as const)("is left alone for longer and longer times: %s", (policy) => {
    expect(pauses(policy, 9)).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it("is helped at once again when it has run for ten minutes with its GPU, or was edited", () => {
    const first = settle(losing("restart"), now + minute);
    const soon = without(first.world, first.at + 9 * minute, "restart");
    expect(decide(soon, first.at + 9 * minute).steps).toEqual([]);
    const late = without(first.world, first.at + 10 * minute, "restart");
    expect(decide(late, first.at + 10 * minute).steps).toHaveLength(1);
    const edit = edited(soon, gpu);
    expect(decide(edit, first.at + 9 * minute).steps).not.toEqual([]);
  });

  it("has a curve of its own: what crashes beside that is started at once the first time", () => {
    const { world, at } = settle(losing("restart"), now + minute);
    expect(world.record.memory).toMatchObject({ attempts: 0, restarts: 1, accessTries: { count: 1 } });
    const crashed = changed(world, ended(at + second));
    expect(decide(crashed, at + second).steps).toMatchObject([{ do: "start" }]);
  });

  it("is not helped more often because a step has to be tried again", () => {
    const lost = losing("recreate");
    const first = decide(lost, now + minute);
    const failed = { ...lost, record: { ...lost.record, memory: first.memory } };
    const again = decide(failed, now + minute + second);
    expect(again.steps).toMatchObject([{ do: "create" }]);
    expect(again.memory.accessTries).toEqual(first.memory.accessTries);
  });
});
