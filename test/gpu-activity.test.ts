import { describe, expect, test } from "vitest";
import { GpuActivity } from "../src/controller/gpu-activity.ts";
import type { ObservedContainer } from "../src/core/observed.ts";
import type { DeviceProcess, DeviceUsage, Inventory } from "../src/core/schedule/device.ts";
import { inventory } from "./support/devices.ts";
import { device } from "./support/world-builder.ts";

const id = "c".repeat(64);
const onDevices = (uuids: string): ObservedContainer =>
  ({ id, labels: { "ds01.gpu.uuids": uuids } }) as unknown as ObservedContainer;

function look(usage: Readonly<Record<string, Partial<DeviceUsage>>>): Inventory {
  const nothing: DeviceUsage = { memoryUsedBytes: 0, utilizationPercent: null, processes: [] };
  const rows = Object.entries(usage).map(([uuid, said]) => [uuid, { ...nothing, ...said }] as const);
  return { ...inventory([device(0)]), usage: new Map(rows) };
}

const asked = (uptimeMs: number, sinceMs = -Infinity): Parameters<GpuActivity["of"]>[1] => ({
  uptimeMs,
  sinceMs,
  maximumAgeMs: 5000,
});

const process = (containerId: string | null): DeviceProcess => ({
  pid: 1,
  name: "python",
  user: null,
  containerId,
});

describe("how busy GPUs were", () => {
  test("is the most since the last question, so that a burst between two is not missed", () => {
    const gpus = new GpuActivity(60_000);
    for (const [at, utilizationPercent] of [1, 80, 3].entries())
      gpus.note(look({ "GPU-0": { utilizationPercent } }), at * 1000);
    expect(gpus.of(onDevices("GPU-0"), asked(3000))).toEqual([{ percent: 80, processes: 0 }]);
    expect(gpus.of(onDevices("GPU-0"), asked(3000, 2000))).toEqual([{ percent: 3, processes: 0 }]);
  });

  test("is told to each of two that ask at times of their own", () => {
    const gpus = new GpuActivity(60_000);
    for (const [at, utilizationPercent] of [90, 2, 1].entries())
      gpus.note(look({ "GPU-0": { utilizationPercent } }), at * 1000);
    expect(gpus.of(onDevices("GPU-0"), asked(2500, 1500))).toEqual([{ percent: 2, processes: 0 }]);
    expect(gpus.of(onDevices("GPU-0"), asked(2500, 0))).toEqual([{ percent: 90, processes: 0 }]);
  });

  test("is not known of what was looked at too long ago, or not at all", () => {
    const unknown = { percent: null, processes: null };
    const gpus = new GpuActivity(60_000);
    expect(gpus.of(onDevices("GPU-0"), asked(0))).toEqual([unknown]);
    gpus.note(look({ "GPU-0": { utilizationPercent: 0 } }), 0);
    gpus.note({ ...look({ "GPU-0": { utilizationPercent: 0 } }), ready: false }, 6000);
    expect(gpus.of(onDevices("GPU-0"), asked(6000))).toEqual([unknown]);
    expect(gpus.of(onDevices("GPU-0,GPU-9"), asked(1000))).toEqual([{ percent: 0, processes: 0 }, unknown]);
    expect(gpus.of(onDevices(""), asked(0))).toEqual([]);
  });

  test("is told of a slice by its processes", () => {
    const gpus = new GpuActivity(60_000);
    gpus.note(look({ "MIG-0": { processes: [process(id)] } }), 0);
    expect(gpus.of(onDevices("MIG-0"), asked(0))).toEqual([{ percent: null, processes: 1 }]);
  });

  test("of a GPU that time slices share is nobody's who has no process on it", () => {
    const gpus = new GpuActivity(60_000);
    gpus.note(look({ "GPU-0": { utilizationPercent: 90, processes: [process("other")] } }), 0);
    expect(gpus.of(onDevices("GPU-0::1"), asked(0))).toEqual([{ percent: null, processes: 0 }]);
    gpus.note(look({ "GPU-0": { utilizationPercent: 90, processes: [process(id)] } }), 0);
    expect(gpus.of(onDevices("GPU-0::1"), asked(0))).toEqual([{ percent: 90, processes: 1 }]);
  });
});
