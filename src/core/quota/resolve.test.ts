import { describe, expect, test } from "vitest";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { resolveQuota } from "./resolve.ts";

const gi = 1024 ** 3;

describe("resolveQuota", () => {
  test("gives the built-in values where no quota says anything", () => {
    const quota = resolveQuota("alice", [], []);
    const origin = { from: "built-in", place: null, quota: null };
    expect(quota.primary).toBeNull();
    expect(quota.priority).toEqual({ value: 50, origin });
    expect(quota.holdGpuAfterStopMs).toEqual({ value: 900_000, origin });
    expect(quota.users).toEqual({ value: ["owner", "image"], origin });
    for (const unlimited of [
      quota.maxContainers,
      quota.gpuNominal,
      quota.gpuMaxPerContainer,
      quota.gpuProfiles,
      quota.maxRuntimeMs,
      quota.removeAfterStopMs,
      quota.maximums.memoryBytes,
      quota.defaults.cpus,
    ]) {
      expect(unlimited).toEqual({ value: null, origin });
    }
    expect(quota.allowFullGpu.value).toBe(true);
    expect(quota.hostPaths.value).toEqual([]);
    expect([quota.hostNetwork.value, quota.hostIpc.value]).toEqual([false, false]);
  });

  test("takes each field from the closest entry that says it, with its place", () => {
    const quotas = [
      admittedQuota("everybody", {
        subjects: { default: true },
        priority: 10,
        maxContainers: 1,
        gpus: { nominal: 1, maxPerContainer: 1 },
      }),
      admittedQuota(
        "students",
        { subjects: { groups: ["students"] }, priority: 20, gpus: { nominal: 2 } },
        { "spec.gpus.nominal": 7 },
      ),
      admittedQuota("zz-alice", { subjects: { users: ["alice"] }, priority: 30 }),
    ];
    const quota = resolveQuota("alice", ["lab", "students"], quotas);
    expect(quota.primary).toBe("zz-alice");
    expect(quota.priority.value).toBe(30);
    expect(quota.gpuNominal).toEqual({
      value: 2,
      origin: { from: "quota", place: "quotas/students.yaml:7", quota: "students" },
    });
    expect(quota.maxContainers.value).toBe(1);
    expect(quota.gpuMaxPerContainer.origin).toEqual({
      from: "quota",
      place: "quotas/everybody.yaml",
      quota: "everybody",
    });
    expect(resolveQuota("bob", [], quotas)).toMatchObject({ primary: "everybody", priority: { value: 10 } });
  });

  test("of equally close entries the first by name counts, in whatever order they come", () => {
    const quotas = [
      admittedQuota("b", { subjects: { users: ["alice"] }, priority: 2, maxContainers: 2 }),
      admittedQuota("a", { subjects: { users: ["alice"] }, priority: 1 }),
    ];
    expect(resolveQuota("alice", [], quotas)).toMatchObject({
      primary: "a",
      priority: { value: 1 },
      maxContainers: { value: 2 },
    });
    expect(resolveQuota("alice", [], quotas.toReversed())).toEqual(resolveQuota("alice", [], quotas));
  });

  test("unlimited and never said by a closer entry beat a number", () => {
    const quotas = [
      admittedQuota("everybody", {
        subjects: { default: true },
        maxContainers: 1,
        perContainer: { max: { memory: "8Gi" } },
        lifecycle: { maxRuntime: "1h", holdGpuAfterStop: "5m" },
      }),
      admittedQuota("alice", {
        subjects: { users: ["alice"] },
        maxContainers: "unlimited",
        perContainer: { max: { memory: "unlimited" } },
        lifecycle: { maxRuntime: "never" },
      }),
    ];
    expect(resolveQuota("alice", [], quotas)).toMatchObject({
      maxContainers: { value: null, origin: { quota: "alice" } },
      maximums: { memoryBytes: { value: null, origin: { quota: "alice" } } },
      maxRuntimeMs: { value: null, origin: { quota: "alice" } },
      holdGpuAfterStopMs: { value: 300_000, origin: { quota: "everybody" } },
    });
  });

  test("reads quantities", () => {
    const perContainer = { default: { cpus: "500m", memory: "16Gi", shmSize: "8Gi", pidsLimit: 4096 } };
    expect(
      resolveQuota("alice", [], [admittedQuota("q", { subjects: { default: true }, perContainer })]).defaults,
    ).toMatchObject({
      cpus: { value: 0.5 },
      memoryBytes: { value: 16 * gi },
      shmSizeBytes: { value: 8 * gi },
      pidsLimit: { value: 4096 },
    });
  });

  test("passes over a quota that is being deleted or was never read", () => {
    const gone = {
      ...admittedQuota("gone", { subjects: { default: true }, priority: 1 }),
      deletion: { requestedAt: 0, cause: "" },
    };
    const broken = { ...admittedQuota("broken", { subjects: { default: true }, priority: 1 }), spec: null };
    expect(resolveQuota("alice", [], [gone, broken]).priority.value).toBe(50);
  });
});
