import { describe, expect, it } from "vitest";
import { changed, ended, running } from "../../test/support/one-object.ts";
import { device, startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { predict } from "./plan/predict.ts";
import type { Step } from "./plan/step.ts";
import type { Device } from "./schedule/device.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const reason = "XID 79 (GPU has fallen off the bus) at 2026-11-23T12:00:00Z";
const sick = { healthy: false, unhealthyReason: reason } as const;
const cordoned = { cordon: { uuid: "GPU-0", by: "root", at: now, reason: "fans" } } as const;

/** One that runs on GPU 0, which then becomes so; GPU 1 is its own as soon as it has to leave, or is not. */
function onGpu(
  change: Partial<Device>,
  other: "free" | "taken",
  fields: Parameters<typeof running>[0] = {},
): World {
  const start = running({ gpus: { count: 1 }, ...fields });
  const devices = [device(0, change), device(1)];
  const waiting = {
    type: "waiting",
    quotaLeft: null,
    reason: "WaitingForDevices",
    message: "Needs 1 whole GPU. 2 GPUs here: 1 allocated, 1 unhealthy.",
    never: false,
    position: 1,
    of: 1,
    behind: null,
    priority: 50,
    since: now,
    eta: null,
    basis: "unknown",
    blockers: [],
    verdicts: [],
    hint: null,
  } as const;
  const schedule = other === "free" ? ({ type: "assigned", devices: [device(1)] } as const) : waiting;
  return { ...start, devices, schedule };
}

function run(start: World, passes = 8): { readonly steps: readonly Step[]; readonly world: World } {
  let world = start;
  const steps: Step[] = [];
  for (let pass = 0; pass < passes; pass += 1) {
    const at = now + minute + pass * 4000;
    const decision = decide(world, at);
    steps.push(...decision.steps);
    world = predict(world, decision, at);
    if (decision.steps.length === 0) break;
  }
  return { steps, world };
}

const words = (steps: readonly Step[]): readonly string[] => steps.map((step) => step.do);

describe("work on a GPU that fails", () => {
  it("goes on unless told otherwise", () => {
    const world = { ...onGpu(sick, "free"), schedule: null };
    expect(decide(world, now + minute)).toMatchObject({ steps: [], status: { phase: "Running" } });
  });

  it("moves to another one where the policy says so, with the failure as the cause of every step", () => {
    const { steps } = run(onGpu({ ...sick, evacuate: true }, "free"));
    expect(words(steps)).toEqual(["create", "stop", "start", "remove", "rename"]);
    for (const step of steps.slice(0, 3)) expect(step.cause).toContain(`GPU 0 is unhealthy: ${reason}`);
    expect(steps[0]).toMatchObject({ container: { labels: { "ds01.gpu.uuids": "GPU-1" } } });
  });

  it("goes on while no other one is free, and says what it waits for", () => {
    const decision = decide(onGpu({ ...sick, evacuate: true }, "taken"), now + minute);
    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({
      phase: "Running",
      message: expect.stringContaining(`GPU 0 is unhealthy: ${reason}. Needs 1 whole GPU.`),
    });
  });
});

describe.each([
  ["fails", sick, `GPU 0 is unhealthy: ${reason}`],
  ["is cordoned", cordoned, "GPU 0 is cordoned by root at 2026-11-23T12:00:00Z: fans"],
] as const)("work that ends on a GPU that %s", (_what, change, cause) => {
  it("is not started there again but made anew on another one", () => {
    const crashed = changed(onGpu(change, "free"), ended(now + minute - 1, 1));
    const { steps } = run(crashed);
    expect(words(steps).slice(0, 3)).toEqual(["remove", "create", "start"]);
    expect(steps[0]?.cause).toContain(cause);
    expect(steps[1]).toMatchObject({ container: { labels: { "ds01.gpu.uuids": "GPU-1" } } });
  });

  it("waits while no other one is free, and is started there again when it is well in time", () => {
    const crashed = changed(onGpu(change, "taken"), ended(now + minute - 1, 1));
    const waiting = run(crashed);
    expect(waiting.steps).toEqual([]);
    expect(waiting.world.record.status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices" });
    const well = { ...waiting.world, devices: [device(0), device(1)], schedule: null };
    expect(words(run(well).steps)).toEqual(["start"]);
  });

  it("is done when it is a job", () => {
    for (const [code, phase] of [
      [0, "Completed"],
      [1, "Failed"],
    ] as const) {
      const job = changed(onGpu(change, "free", { restartPolicy: "Never" }), ended(now + minute - 1, code));
      expect(decide(job, now + minute)).toMatchObject({ steps: [], status: { phase } });
    }
  });
});
