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
import { admittedQuota } from "../../test/support/quotas.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedContainer } from "./observed.ts";
import { resolveQuota } from "./quota/resolve.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const gi = 1024 ** 3;
const parent = "/ds01/q/alice";

const quota = (memory: string, shmSize?: string) =>
  admittedQuota("q", {
    subjects: { default: true },
    perContainer: { default: { memory, ...(shmSize === undefined ? {} : { shmSize }) } },
  });
const withQuota = (start: World, memory: string, shmSize?: string): World => ({
  ...start,
  quota: resolveQuota("alice", [], [quota(memory, shmSize)]),
});
const inCgroup = (start: World): World => ({ ...start, aggregate: { parent, problem: null, held: null } });
const config = (start: World, change: Partial<ObservedContainer["config"]>): World => ({
  ...start,
  containers: start.containers.map((one) => ({ ...one, config: { ...one.config, ...change } })),
});
const condition = (decision: ReturnType<typeof decide>) =>
  decision.status.conditions.find(({ type }) => type === "LimitsInEffect");

describe("limits that cannot be changed while a container runs", () => {
  it.each([
    [
      "memory of a container with GPUs from the hook",
      { gpus: { count: 1 } },
      (start: World) => withQuota(start, "2Gi"),
      { name: "memory", value: "4Gi", wanted: "2Gi" },
    ],
    [
      "/dev/shm",
      {},
      (start: World) => withQuota(config(start, { shmSizeBytes: gi }), "4Gi", "2Gi"),
      { name: "shmSize", value: "1Gi", wanted: "2Gi" },
    ],
    [
      "the cgroup of all containers",
      {},
      inCgroup,
      { name: "cgroup", value: "the engine's default", wanted: parent },
    ],
  ])("must be shown as pending, and replace nothing: %s", (_what, fields, change, pending) => {
    const start = change(running(fields, [quota("4Gi")]));
    const decision = decide(start, now + minute);
    expect(decision.steps).toEqual([]);
    expect(decision.status.phase).toBe("Running");
    expect(decision.status.pendingLimits).toEqual([pending]);
    expect(condition(decision)).toMatchObject({
      status: "False",
      reason: "AppliesAtNextStart",
      message: `${pending.name} is ${pending.value}, wanted ${pending.wanted}; applies at the next start`,
    });
    expect(decision.status.conditions.find(({ type }) => type === "Ready")?.status).toBe("True");
  });

  it("must be in effect after the next start, whatever that was for", () => {
    const start = changed(inCgroup(running()), ended(now + minute));
    const decision = decide(start, now + minute);
    expect(decision.steps).toMatchObject([{ do: "create", container: { cgroupParent: parent } }]);
    const later = after(6, start, now + minute);
    expect(later.containers).toHaveLength(1);
    expect(later.containers[0]).toMatchObject({ state: "running", config: { cgroupParent: parent } });
    expect(decide(later, now + 2 * minute)).toMatchObject({ steps: [], status: { phase: "Running" } });
    expect(decide(later, now + 2 * minute).status.pendingLimits).toBeUndefined();
    expect(later.record.memory).toMatchObject({ restarts: 1, attempts: 1 });
  });

  it("must be updated before the start where the engine can do that, also of a container with GPUs", () => {
    const live = withQuota(running({ gpus: { count: 1 } }, [quota("4Gi")]), "2Gi");
    const start = changed(live, ended(now + minute));
    expect(decide(start, now + minute).steps).toMatchObject([
      { do: "update", limits: { memoryBytes: 2 * gi } },
    ]);
  });

  it("must not keep a container from starting whose image is gone", () => {
    const start = changed(inCgroup(running()), ended(now + minute));
    const steps = decide({ ...start, image: { type: "missing" } }, now + minute).steps;
    expect(steps).toMatchObject([{ do: "start" }]);
  });

  it("must not make a job that is done run again", () => {
    const start = changed(running({ restartPolicy: "Never" }), ended(now + minute, 0));
    const done = after(1, start, now + minute);
    expect(decide(inCgroup(done), now + 2 * minute).steps).toEqual([]);
  });
});

describe("an edit that the quota refuses", () => {
  const bounded = admittedQuota("q", {
    subjects: { default: true },
    perContainer: { max: { memory: "4Gi", cpus: 4, pidsLimit: 100 } },
  });
  const start = running({ resources: { memory: "2Gi", cpus: 2, pidsLimit: 50 } }, [bounded]);

  it.each([
    ["memory", { memory: "64Gi", cpus: 2, pidsLimit: 50 }],
    ["CPUs", { memory: "2Gi", cpus: 64, pidsLimit: 50 }],
    ["processes", { memory: "2Gi", cpus: 2, pidsLimit: 5000 }],
    ["what is within it, beside what is not", { memory: "64Gi", cpus: 3, pidsLimit: 50 }],
  ])("must raise nothing of what runs: %s", (_what, resources) => {
    const decision = decide(edited(start, { resources }), now + minute);
    expect(decision.steps).toEqual([]);
    expect(decision.status).toMatchObject({ phase: "Running" });
    expect(decision.status.conditions.find(({ type }) => type === "QuotaReserved")).toMatchObject({
      status: "False",
      reason: "ExceedsMaxQuota",
    });
  });

  it("must keep nobody from what the quota itself gives more of by now", () => {
    const usual = (memory: string, users: readonly string[]) =>
      admittedQuota("q", {
        subjects: { default: true },
        perContainer: { default: { memory } },
        policy: { users: [...users] },
      });
    const before = running({}, [usual("2Gi", ["image", "owner"])]);
    const quotaNow = resolveQuota("alice", [], [usual("4Gi", ["owner"])]);
    const decision = decide({ ...before, quota: quotaNow }, now + minute);
    expect(decision.steps).toMatchObject([{ do: "update", limits: { memoryBytes: 4 * gi } }]);
  });

  it("must lower what it lowers, and what a hand has raised", () => {
    const less = edited(start, { resources: { memory: "64Gi", cpus: 1, pidsLimit: 50 } });
    expect(decide(less, now + minute).steps).toMatchObject([
      { do: "update", limits: { cpus: 1, memoryBytes: 2 * gi, pidsLimit: 50 } },
    ]);
    const byHand = config(less, { cpus: 1, pidsLimit: 1000 });
    expect(decide(byHand, now + minute).steps).toMatchObject([{ do: "update", limits: { pidsLimit: 50 } }]);
  });
});

describe("memory that is in use", () => {
  const refused = {
    ...failure("update", now + 2 * minute),
    reason: "MemoryInUse",
    message: "3Gi of memory are in use",
  };
  const held = (start: World): World => remembering(withQuota(start, "2Gi"), { failure: refused });

  it("must not be taken from what runs: it is pending, says why, and is tried again", () => {
    const decision = decide(held(running({}, [quota("4Gi")])), now + minute);
    expect(decision).toMatchObject({ steps: [], requeueAt: now + 2 * minute });
    expect(decision.status).toMatchObject({
      phase: "Running",
      pendingLimits: [{ name: "memory", value: "4Gi", wanted: "2Gi" }],
    });
    expect(condition(decision)?.message).toContain("as soon as less is in use (3Gi of memory are in use)");
    expect(decision.memory.failure).toEqual(refused);
    const again = decide(held(running({}, [quota("4Gi")])), now + 2 * minute);
    expect(again.steps).toMatchObject([{ do: "update", limits: { memoryBytes: 2 * gi } }]);
  });

  it("must not keep other limits from being changed", () => {
    const perContainer = { default: { memory: "2Gi", cpus: 2 } };
    const grown = admittedQuota("q", { subjects: { default: true }, perContainer });
    const start = { ...held(running({}, [quota("4Gi")])), quota: resolveQuota("alice", [], [grown]) };
    expect(decide(start, now + minute).steps).toMatchObject([
      { do: "update", limits: { cpus: 2, memoryBytes: 4 * gi } },
    ]);
  });

  it("must keep no stopped container from starting with the lower limit", () => {
    const start = changed(held(running({}, [quota("4Gi")])), ended(now + minute));
    expect(decide(start, now + minute).steps).toMatchObject([
      { do: "update", limits: { memoryBytes: 2 * gi } },
    ]);
  });

  it("must not be waited for when the limit grows again", () => {
    const start = withQuota(held(running({}, [quota("4Gi")])), "8Gi");
    expect(decide(start, now + minute).steps).toMatchObject([
      { do: "update", limits: { memoryBytes: 8 * gi } },
    ]);
  });
});
