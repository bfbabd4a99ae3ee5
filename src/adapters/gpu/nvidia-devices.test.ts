import { describe, expect, test } from "vitest";
import { assembleDevices, type NvidiaAnswers, sicknessOf } from "./nvidia-devices.ts";
import type { GpuProcess } from "./parse-processes.ts";
import type { QueriedGpu } from "./parse-query.ts";

const gi = 1024 ** 3;

function queried(uuid: string, change: Partial<QueriedGpu> = {}): QueriedGpu {
  return {
    uuid,
    busId: null,
    memoryTotalBytes: 80 * gi,
    memoryUsedBytes: 0,
    utilizationPercent: 0,
    migEnabled: false,
    computeMode: "Default",
    remappingPending: false,
    remappingFailed: false,
    uncorrectedErrors: 0,
    temperatureCelsius: 30,
    recoveryAction: "None",
    computeCapability: "8.0",
    name: "NVIDIA A100-SXM4-80GB",
    lost: false,
    ...change,
  };
}

function process(pid: number, gpuInstance: string | null, computeInstance: string | null): GpuProcess {
  return { pid, name: "python", gpuInstance, computeInstance, memoryBytes: null };
}

const answers: NvidiaAnswers = {
  listed: [
    {
      index: 0,
      name: "NVIDIA A100-SXM4-80GB",
      uuid: "GPU-A",
      migDevices: [
        { deviceIndex: 0, profile: "2g.20gb", uuid: "MIG-0" },
        { deviceIndex: 1, profile: "1g.10gb", uuid: "MIG-1" },
      ],
    },
    { index: 1, name: "NVIDIA A100-SXM4-80GB", uuid: "GPU-B", migDevices: [] },
  ],
  queried: [
    queried("gpu-b", { memoryUsedBytes: 5 }),
    queried("GPU-A", { migEnabled: true, utilizationPercent: null }),
  ],
  detailed: [
    {
      uuid: "GPU-A",
      migDevices: [
        {
          deviceIndex: 1,
          gpuInstance: "9",
          computeInstance: "0",
          memoryTotalBytes: null,
          memoryUsedBytes: 12,
        },
        {
          deviceIndex: 0,
          gpuInstance: "3",
          computeInstance: "0",
          memoryTotalBytes: 19 * gi,
          memoryUsedBytes: 17,
        },
      ],
      processes: [process(1, "9", "0"), process(2, "3", "1"), process(3, null, null)],
      graphicsMemoryBytes: 0,
    },
    { uuid: "GPU-B", migDevices: [], processes: [process(4, null, null)], graphicsMemoryBytes: 2 },
  ],
};

describe("assembleDevices", () => {
  test("joins by UUID and by MIG device number", () => {
    const { devices } = assembleDevices(answers, []);
    expect(devices).toMatchObject([
      { uuid: "GPU-A", slot: "0", profile: null, migEnabled: true, gpuEquivalents: 1, parentUuid: null },
      {
        uuid: "MIG-0",
        slot: "0:0",
        profile: "2g.20gb",
        parentUuid: "GPU-A",
        memoryBytes: 19 * gi,
        migEnabled: false,
      },
      { uuid: "MIG-1", slot: "0:1", profile: "1g.10gb", memoryBytes: 10 * gi },
      { uuid: "GPU-B", slot: "1", migEnabled: false, healthy: true, unhealthyReason: null },
    ]);
    expect(devices[1]?.gpuEquivalents).toBeCloseTo(2 / 7);
  });

  test("puts a process into its slice, and on the GPU when the slice is not known", () => {
    const { usage } = assembleDevices(answers, []);
    const pids = [...usage].map(([uuid, { processes }]) => [uuid, processes.map(({ pid }) => pid)]);
    expect(Object.fromEntries(pids)).toEqual({ "GPU-A": [2, 3], "MIG-0": [], "MIG-1": [1], "GPU-B": [4] });
    expect(usage.get("MIG-1")?.memoryUsedBytes).toBe(12);
    expect(usage.get("GPU-B")?.memoryUsedBytes).toBe(3);
  });

  test("refuses answers that do not speak of the same devices", () => {
    const { listed, queried: rows, detailed } = answers;
    expect(() => assembleDevices({ ...answers, queried: rows.slice(1) }, [])).toThrow(/--query-gpu/);
    expect(() => assembleDevices({ ...answers, detailed: detailed.slice(1) }, [])).toThrow(/-q -x/);
    expect(() => assembleDevices({ ...answers, listed: listed.slice(1) }, [])).toThrow(/-L lists 1/);
    const repartitioned = detailed.map((gpu) => ({ ...gpu, migDevices: gpu.migDevices.slice(1) }));
    expect(() => assembleDevices({ ...answers, detailed: repartitioned }, [])).toThrow(/MIG devices/);
  });

  test("a lost GPU is unhealthy with its slices and keeps the memory it had", () => {
    const before = assembleDevices(answers, []).devices;
    const rows = [queried("GPU-A", { lost: true, memoryTotalBytes: null }), queried("GPU-B")];
    const { devices } = assembleDevices({ ...answers, queried: rows }, before);
    expect(devices.map(({ slot, healthy }) => `${slot} ${healthy}`)).toEqual([
      "0 false",
      "0:0 false",
      "0:1 false",
      "1 true",
    ]);
    expect(devices[0]?.memoryBytes).toBe(80 * gi);
  });

  test.each<[Partial<QueriedGpu>, RegExp | null]>([
    [{}, null],
    [{ recoveryAction: null, computeMode: null }, null],
    [{ computeMode: "Exclusive_Process" }, null],
    [{ recoveryAction: "GPU Reset" }, /GPU Reset/],
    [{ remappingFailed: true }, /remapping/],
    [{ computeMode: "Prohibited" }, /Prohibited/],
    [{ lost: true }, /lost/],
  ])("health of %j", (change, expected) => {
    const reason = sicknessOf(queried("GPU-A", change));
    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toMatch(expected);
  });
});
