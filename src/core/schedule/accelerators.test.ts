import { describe, expect, it } from "vitest";
import { decide } from "../decide.ts";
import { record, spec, startOfTest as now, device, world } from "../../../test/support/world-builder.ts";
import { resolveQuota } from "../quota/resolve.ts";
import { requestedEquivalents } from "../quota/gpu-violations.ts";
import { violations } from "../quota/violations.ts";
import { demand } from "../../../test/support/devices.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { judgeDevices, mismatch } from "./allocate.ts";
import { describeImpossible, describeNeed } from "./describe-need.ts";
import type { Device } from "./device.ts";
import { resolveReference } from "./device-reference.ts";
import { requirementOf } from "./requirement.ts";

const chip = (index: number): Device =>
  device(index, {
    uuid: `TPU-accel${index}`,
    slot: `tpu-${index}`,
    kind: "tpu",
    model: "Google TPU",
    memoryBytes: 0,
  });
const amd = device(0, { uuid: "amd.com/gpu=0", slot: "amd-gpu-0", kind: "amd.com/gpu" });
const gpu = device(0);
const devices = [gpu, chip(0), chip(1), amd];

describe("devices of several kinds on one host", () => {
  it.each([
    [{ count: 1 }, ["GPU-0"]],
    [{ count: 1, kind: "tpu" }, ["TPU-accel0", "TPU-accel1"]],
    [{ count: 1, kind: "amd.com/gpu" }, ["amd.com/gpu=0"]],
    [{ count: 1, kind: "intel.com/gpu" }, []],
  ])("%j fits exactly %j", (request, uuids) => {
    const required = requirementOf(request);
    expect(devices.filter((one) => mismatch(required, one) === undefined).map(({ uuid }) => uuid)).toEqual(
      uuids,
    );
  });

  it("are told apart where something is missing", () => {
    const need = requirementOf({ count: 3, kind: "tpu" });
    expect(describeNeed(need)).toBe("3 devices tpu");
    expect(describeImpossible(need, devices)).toBe(
      "This host has 2 such at most: lower spec.accelerators.count to 2 or less.",
    );
    expect(describeImpossible(requirementOf({ count: 1, kind: "intel.com/gpu" }), devices)).toBe(
      "This host has no devices intel.com/gpu: remove spec.accelerators, or ask an admin.",
    );
    expect(describeImpossible(requirementOf({ count: 1 }), [chip(0)])).toContain("no GPUs: remove spec.gpus");
  });

  it("count one each against the quota for GPUs", () => {
    const quota = resolveQuota(
      "alice",
      [],
      [
        admittedQuota("all", {
          subjects: { users: ["alice"] },
          gpus: { maxPerContainer: 1, allowFullGpu: false },
        }),
      ],
    );
    expect(requestedEquivalents({ count: 2, kind: "tpu" }, devices, quota)).toBe(2);
    const of = (count: number): readonly string[] =>
      violations(spec({ accelerators: { kind: "tpu", count } }), quota, {
        object: "alice/train",
        devices,
        realPaths: new Map(),
      }).map(({ message }) => message);
    expect(of(1)).toEqual([]);
    expect(of(2)).toEqual([
      expect.stringMatching(/asks for 2 devices tpu;.*lower spec\.accelerators\.count/),
    ]);
  });

  it("are found by the names that Docker was given, each kind its own", () => {
    const named = (id: string): readonly string[] | undefined =>
      resolveReference(id, devices)?.map(({ uuid }) => uuid);
    expect(named("0")).toEqual(["GPU-0"]);
    expect(named("all")).toEqual(["GPU-0"]);
    expect(named("nvidia.com/gpu=0")).toEqual(["GPU-0"]);
    expect(named("amd.com/gpu=0")).toEqual(["amd.com/gpu=0"]);
    expect(named("amd.com/gpu=all")).toEqual(["amd.com/gpu=0"]);
    expect(named("intel.com/gpu=0")).toBeUndefined();
    expect(named("TPU-accel1")).toEqual(["TPU-accel1"]);
  });

  it("are free, held and healthy each for themselves", () => {
    const sick = { ...chip(1), healthy: false, unhealthyReason: "gone" };
    const asked = demand("u", requirementOf({ count: 1, kind: "tpu" }));
    const { free, refusals } = judgeDevices(asked, [gpu, chip(0), sick, amd], []);
    expect(free.map(({ uuid }) => uuid)).toEqual(["TPU-accel0"]);
    expect(refusals.map(({ clause }) => clause)).toEqual(["WrongKind", "WrongKind", "Unhealthy"]);
  });

  it("come into the container that was assigned them", () => {
    const own = record({ spec: spec({ accelerators: { kind: "tpu", count: 1 } }) });
    const assigned = { type: "assigned", devices: [chip(1)] } as const;
    const { steps } = decide(world({ record: own, devices, schedule: assigned }), now);
    expect(steps.find((step) => step.do === "create")).toMatchObject({
      container: { labels: { "ds01.gpu.uuids": "TPU-accel1", "ds01.gpu.slots": "tpu-1" } },
    });
    const waits = decide(world({ record: own, devices }), now);
    expect(waits.steps).toEqual([]);
  });
});
