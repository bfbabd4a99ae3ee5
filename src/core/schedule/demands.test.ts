import { describe, expect, it } from "vitest";
import { changed, edited, ended, failure, remembering, running } from "../../../test/support/one-object.ts";
import { waitingOutcome } from "../../../test/support/waiting-outcome.ts";
import { device, startOfTest as now } from "../../../test/support/world-builder.ts";
import { decide } from "../decide.ts";
import { effectiveLimits } from "../quota/effective.ts";
import type { World } from "../world.ts";
import { demandOf, type DemandInput } from "./demands.ts";

const minute = 60_000;
const gpu = { gpus: { count: 1 } };

function input({ record, quota, containers }: World, change: Partial<DemandInput> = {}): DemandInput {
  const limits = effectiveLimits(record.spec!, quota, () => "");
  const own = { record, limits, quota, containers, claim: null, devices: [device(0), device(1)] };
  return { ...own, used: 0, inputsReady: false, now: now + 2 * minute, ...change };
}

/** Stopped as declared, its GPU given back, and wanted again. */
function resumed(fields: Parameters<typeof edited>[1] = gpu): World {
  const stopped = remembering(changed(running(gpu), ended(now + minute, 143)), { stopCause: "SpecStopped" });
  return { ...edited(stopped, fields), claim: null };
}

describe("the demand of an object", () => {
  it("is ready without its image when its container only needs a start", () => {
    expect(demandOf(input(resumed()))?.ready).toBe(true);
  });

  it("is not ready without its image when a container has to be made", () => {
    expect(demandOf(input({ ...resumed(), containers: [] }))?.ready).toBe(false);
    expect(demandOf(input(resumed({ ...gpu, image: "bed/health:1" })))?.ready).toBe(false);
  });

  it("is there although a pull failed, when the image has come another way", () => {
    const start: World = { ...resumed(), containers: [] };
    const failed = (step: string): World =>
      remembering(start, { failure: { ...failure(step, now + 5 * minute), generation: 2 } });

    expect(demandOf(input(failed("pull"), { inputsReady: true }))?.ready).toBe(true);
    expect(demandOf(input(failed("pull"), { inputsReady: false }))).toBeNull();
    expect(demandOf(input(failed("create"), { inputsReady: true }))).toBeNull();
  });

  it("lets a container that is there start although its image is gone and a pull failed", () => {
    const start = remembering(resumed(), {
      failure: { ...failure("pull", now + 5 * minute), generation: 2 },
    });
    const assigned: World = {
      ...start,
      image: { type: "missing" },
      schedule: { type: "assigned", devices: [device(0)] },
    };

    expect(decide(assigned, now + 2 * minute).steps).toMatchObject([{ do: "start" }]);
  });
});

describe("a demand that is looked at again", () => {
  const first = input({ ...resumed(), containers: [] }, { inputsReady: true });

  it("is the same one while nothing of it has changed", () => {
    expect(demandOf({ ...first })).toBe(demandOf(first));
  });

  it("is another one once its quota, its place, its image or what it had are", () => {
    const { quota, record } = first;
    const nominal = { value: 2, origin: quota.gpuNominal.origin };
    const none = { value: 0, origin: quota.gpuNominal.origin };
    const memory = { ...record.memory, waitingSince: now - minute, lastGpus: ["GPU-1"] };

    expect(demandOf(first)).toMatchObject({ quotaLeft: null, ready: true });
    expect(demandOf({ ...first, quota: { ...quota, gpuNominal: nominal } })?.quotaLeft).toBe(2);
    expect(demandOf({ ...first, quota: { ...quota, gpuNominal: nominal }, used: 1 })?.quotaLeft).toBe(1);
    expect(demandOf({ ...first, quota: { ...quota, gpuNominal: none } })).toBeNull();
    expect(demandOf({ ...first, inputsReady: false })?.ready).toBe(false);
    expect(demandOf({ ...first, record: { ...record, memory } })).toMatchObject({
      submittedAt: now - minute,
      preferred: ["GPU-1"],
    });
    expect(demandOf(first)).toMatchObject({ quotaLeft: null, ready: true });
  });
});

describe("an object that asks for another kind of device than it holds", () => {
  const waiting = waitingOutcome({ message: "needs 1 2g.20gb" });

  it("waits for one, and is not ready, while its old one goes on", () => {
    const start = edited(running(gpu), { gpus: { count: 1, profile: "2g.20gb" } });

    const decision = decide({ ...start, schedule: waiting }, now + minute);

    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Running", reason: "WaitingForDevices" });
    expect(decision.status.conditions.find(({ type }) => type === "Ready")?.status).toBe("False");
  });

  it("does not wait when the one it holds is what it asks for", () => {
    const start = edited(running(gpu), { gpus: { count: 1, models: ["A100"] } });

    expect(decide(start, now + minute).fact.type).toBe("container.running");
  });
});
