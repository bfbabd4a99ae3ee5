import { describe, expect, it } from "vitest";
import { changed, failure, remembering, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { spec, startOfTest as now } from "../../../test/support/world-builder.ts";
import type { ResourceLimits } from "../../api/quota.ts";
import { decide } from "../decide.ts";
import type { World } from "../world.ts";
import { effectiveLimits } from "./effective.ts";
import { resolveQuota } from "./resolve.ts";
import { violations } from "./violations.ts";

const minute = 60_000;
const gi = 1024 ** 3;
type Total = ResourceLimits["memorySwap"];

function quotaOf(usual: ResourceLimits, most: ResourceLimits = {}) {
  const perContainer = { default: usual, max: most };
  return resolveQuota("alice", [], [admittedQuota("q", { subjects: { default: true }, perContainer })]);
}

const swaps = (usual: Total, most: Total, memory = "4Gi") =>
  quotaOf(
    { memory, ...(usual === undefined ? {} : { memorySwap: usual }) },
    most === undefined ? {} : { memorySwap: most },
  );
const told = (resources: object, quota: ReturnType<typeof quotaOf>) =>
  violations(spec({ resources }), quota, { object: "alice/train", devices: [], realPaths: new Map() });

describe("memory and swap together", () => {
  it.each<[Total, Total, Total, [number | null, string]]>([
    // Without a word there is no swap, as there never was any.
    [undefined, undefined, undefined, [4 * gi, "built-in"]],
    ["6Gi", "8Gi", "10Gi", [6 * gi, "spec"]],
    ["none", "8Gi", undefined, [4 * gi, "spec"]],
    ["unlimited", undefined, undefined, [null, "spec"]],
    [undefined, "8Gi", undefined, [8 * gi, "quota"]],
    [undefined, "8Gi", "6Gi", [6 * gi, "quota"]],
    [undefined, "unlimited", "6Gi", [6 * gi, "quota"]],
    [undefined, undefined, "6Gi", [6 * gi, "quota"]],
    [undefined, "none", "6Gi", [4 * gi, "quota"]],
    [undefined, undefined, "unlimited", [null, "quota"]],
    // Less than the memory is no swap.
    [undefined, "1Gi", undefined, [4 * gi, "quota"]],
  ])("written %s, default %s, max %s: %j", (written, usual, most, expected) => {
    const own = spec({ resources: written === undefined ? {} : { memorySwap: written } });
    const found = effectiveLimits(own, swaps(usual, most), () => "").memorySwapBytes;
    expect([found.value, found.origin.from]).toEqual(expected);
  });

  it("must be nothing where memory has no limit", () => {
    const found = effectiveLimits(spec(), quotaOf({ memorySwap: "8Gi" }), () => "");
    expect(found.memorySwapBytes.value).toBeNull();
  });

  it.each([
    [
      { memorySwap: "7Gi" },
      swaps(undefined, "6Gi"),
      'asks for memorySwap 7Gi, memory and swap together; quota "q" allows 6Gi in one container (quotas/q.yaml): lower spec.resources.memorySwap',
    ],
    [{ memorySwap: "unlimited" }, swaps(undefined, "none"), 'quota "q" allows no swap in one container'],
    [
      { memorySwap: "3Gi" },
      swaps(undefined, undefined),
      "its memory is 4Gi (quotas/q.yaml): raise spec.resources.memorySwap",
    ],
    [
      { memorySwap: "none" },
      quotaOf({}),
      "its memory has no limit, and there is none of swap alone: set spec.resources.memory",
    ],
  ])("must be refused with the numbers: %j", (resources, quota, message) => {
    expect(told(resources, quota).map((one) => one.message)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    [{ memorySwap: "6Gi" }, swaps(undefined, "6Gi")],
    [{ memorySwap: "none" }, swaps(undefined, "none")],
    [{ memory: "8Gi", memorySwap: "8Gi" }, swaps(undefined, "none")],
    [{ memorySwap: "unlimited" }, quotaOf({})],
  ])("must be admitted: %j", (resources, quota) => {
    expect(told(resources, quota)).toEqual([]);
  });

  it("must change in place, and only what is other than before", () => {
    const start: World = { ...running({ resources: { memory: "4Gi" } }), quota: swaps("8Gi", undefined) };
    expect(decide(start, now + minute).steps).toMatchObject([
      { do: "update", cause: "changed: memorySwap is none, wanted 8Gi", limits: { memorySwapBytes: 8 * gi } },
    ]);
    const less = { ...start, quota: swaps(undefined, undefined) };
    expect(decide(less, now + minute).steps).toEqual([]);
  });

  it("must leave alone what an older version made and remembers", () => {
    const start = running({ resources: { memory: "4Gi" } });
    const applied = { cpus: null, memoryBytes: 4 * gi, pidsLimit: null };
    expect(decide(remembering(start, { applied }), now + minute).steps).toEqual([]);
  });

  it("must wait for the next start where an update would take GPUs away", () => {
    const start: World = {
      ...running({ resources: { memory: "4Gi" }, gpus: { count: 1 } }),
      quota: swaps("8Gi", undefined),
    };
    const { steps, status } = decide(start, now + minute);
    expect(steps).toEqual([]);
    expect(status.pendingLimits).toEqual([{ name: "memorySwap", value: "none", wanted: "8Gi" }]);
  });

  it("must not be compared where the engine cannot limit it, and refused where a spec asks for it", () => {
    const resources = { memory: "4Gi" };
    const start = running({ resources });
    const [made] = start.containers;
    const unlimited = changed(start, { config: { ...made!.config, memorySwapBytes: null } });
    const unable = (cannotLimit: World["quota"]["cannotLimit"]): World => ({
      ...unlimited,
      quota: { ...start.quota, cannotLimit: cannotLimit ?? null },
    });
    expect(decide(unlimited, now + minute).steps).toMatchObject([{ do: "update" }]);
    expect(decide(unable(["memorySwap"]), now + minute).steps).toEqual([]);
    expect(decide(unable(null), now + minute).steps).toEqual([]);
    const quota = { ...start.quota, cannotLimit: ["memorySwap"] } as const;
    expect(told({ memory: "4Gi", memorySwap: "none" }, quota)).toMatchObject([
      { reason: "LimitNotSupported", field: "spec.resources.memorySwap" },
    ]);
    expect(told({ memory: "4Gi", memorySwap: "none" }, { ...quota, cannotLimit: null })).toEqual([]);
  });

  it("must stay as it is while memory is in use that should be lowered", () => {
    const start = running({ resources: { memory: "4Gi" } }, []);
    const inUse = { ...failure("update", now + 5 * minute), reason: "MemoryInUse" };
    const lower = { ...remembering(start, { failure: inUse }), quota: swaps(undefined, undefined, "2Gi") };
    const spec = { ...lower.record.spec!, resources: {} };
    const { steps, status } = decide({ ...lower, record: { ...lower.record, spec } }, now + minute);
    expect(steps).toEqual([]);
    expect(status.pendingLimits).toEqual([{ name: "memory", value: "4Gi", wanted: "2Gi" }]);
  });
});
