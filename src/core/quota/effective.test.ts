import { describe, expect, test } from "vitest";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import { effectiveLimits } from "./effective.ts";
import { resolveQuota } from "./resolve.ts";

const gi = 1024 ** 3;

function memory(written: string | undefined, usual: string | undefined, most: string | undefined) {
  const perContainer = {
    ...(usual === undefined ? {} : { default: { memory: usual } }),
    ...(most === undefined ? {} : { max: { memory: most } }),
  };
  const quota = resolveQuota(
    "alice",
    [],
    [admittedQuota("q", { subjects: { default: true }, perContainer })],
  );
  const spec = ContainerSpecSpec.parse({
    image: "a",
    ...(written === undefined ? {} : { resources: { memory: written } }),
  });
  const { value, origin } = effectiveLimits(spec, quota, (field) => `f:${field}`).memoryBytes;
  return `${value === null ? "none" : value / gi} ${origin.from}`;
}

describe("effectiveLimits", () => {
  test.each([
    ["4Gi", "2Gi", "8Gi", "4 spec"],
    [undefined, "2Gi", "8Gi", "2 quota"],
    [undefined, undefined, "8Gi", "8 quota"],
    [undefined, "unlimited", "8Gi", "8 quota"],
    [undefined, "16Gi", "8Gi", "8 quota"],
    [undefined, "unlimited", undefined, "none quota"],
    [undefined, undefined, undefined, "none built-in"],
    ["16Gi", undefined, "8Gi", "16 spec"],
  ])("written %s, default %s, max %s: %s", (written, usual, most, expected) => {
    expect(memory(written, usual, most)).toBe(expected);
  });

  test("gives no more CPUs than the machine has, unless the spec names them itself", () => {
    const record = admittedQuota("q", {
      subjects: { default: true },
      perContainer: { default: { cpus: 8 }, max: { cpus: 16 } },
    });
    const quota = { ...resolveQuota("alice", [], [record]), machineCpus: 2 };
    const cpus = (resources: object): number | null =>
      effectiveLimits(ContainerSpecSpec.parse({ image: "a", resources }), quota, () => "").cpus.value;

    expect(cpus({})).toBe(2);
    expect(cpus({ cpus: 1 })).toBe(1);
    expect(cpus({ cpus: 4 })).toBe(4);
  });

  test.each(["maxRuntime", "idleTimeout", "holdGpuAfterStop"] as const)(
    "gives no more %s than the quota allows",
    (name) => {
      const bounded = admittedQuota("q", { subjects: { default: true }, lifecycle: { [name]: "24h" } });
      const limitOf = (written: string | undefined): string => {
        const lifecycle = written === undefined ? {} : { [name]: written };
        const spec = ContainerSpecSpec.parse({ image: "a", lifecycle });
        const { value, origin } = effectiveLimits(spec, resolveQuota("alice", [], [bounded]), () => "")[
          `${name}Ms`
        ];
        return `${value === null ? "never" : value / 3_600_000} ${origin.from}`;
      };

      expect(limitOf(undefined)).toBe("24 quota");
      expect(limitOf("8h")).toBe("8 spec");
      expect(limitOf("24h")).toBe("24 spec");
      expect(limitOf("48h")).toBe("24 quota");
      expect(limitOf("never")).toBe("24 quota");
    },
  );

  test("bounds the priority at once, though the edit that names it is refused", () => {
    const quota = resolveQuota(
      "alice",
      [],
      [admittedQuota("q", { subjects: { default: true }, priority: 40 })],
    );
    const spec = ContainerSpecSpec.parse({ image: "a", priority: 90 });
    const { priority } = effectiveLimits(spec, quota, () => "");
    expect(priority).toMatchObject({ value: 40, origin: { from: "quota" } });
  });

  test("takes lifecycle and priority from the spec, else from the quota, with their places", () => {
    const record = admittedQuota(
      "q",
      { subjects: { default: true }, priority: 40, lifecycle: { maxRuntime: "24h" } },
      { "spec.lifecycle.maxRuntime": 14 },
    );
    const spec = ContainerSpecSpec.parse({
      image: "a",
      lifecycle: { holdGpuAfterStop: "never" },
      priority: 7,
    });
    const limits = effectiveLimits(
      spec,
      resolveQuota("alice", [], [record]),
      (field) => `a.yaml:${field.length}`,
    );
    expect(limits.priority).toEqual({ value: 7, origin: { from: "spec", place: "a.yaml:13", quota: null } });
    expect(limits.holdGpuAfterStopMs).toMatchObject({ value: null, origin: { from: "spec" } });
    expect(limits.maxRuntimeMs).toEqual({
      value: 86_400_000,
      origin: { from: "quota", place: "quotas/q.yaml:14", quota: "q" },
    });
    expect(limits.removeAfterStopMs).toMatchObject({ value: null, origin: { from: "built-in" } });
  });
});
