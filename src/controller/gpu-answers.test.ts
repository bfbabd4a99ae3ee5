import { describe, expect, it } from "vitest";
import { gpu, inventory, lease, migGpu } from "../../test/support/devices.ts";
import type { HostView } from "../core/host-view.ts";
import type { Device, Inventory } from "../core/schedule/device.ts";
import type { Lease } from "../core/schedule/lease.ts";
import { gpuObstacles } from "./gpu-answers.ts";

const devices: readonly Device[] = [
  gpu(0),
  ...migGpu(1, ["3g.40gb", "2g.20gb"]),
  gpu(2, { healthy: false, unhealthyReason: "XID 79, off the bus" }),
];

function obstacles(
  slot: string,
  leases: readonly Lease[] = [],
  change: Partial<Inventory> = {},
): readonly string[] {
  const device = devices.find((one) => one.slot === slot);
  if (device === undefined) throw new Error(`no device ${slot}`);
  // Nothing else of the view is looked at.
  const view = { leases } as unknown as HostView;
  const scene = { inventory: { ...inventory(devices), ...change }, view, gpus: [], containers: [] };
  return gpuObstacles(device, scene).map(({ reason, message }) => `${reason}: ${message}`);
}

const foreign: Lease = {
  ...lease("MIG-1-1", "-"),
  state: "InUse",
  holder: {
    type: "unmanaged",
    containerName: "llm-web-1",
    containerId: "x",
    owner: "dave",
    origin: "compose llm",
  },
};

describe("what keeps a device from everybody", () => {
  it("is nothing at a free GPU, a free slice, or beside a slice in use", () => {
    expect(obstacles("0")).toEqual([]);
    expect(obstacles("1:0")).toEqual([]);
    expect(obstacles("1:0", [foreign])).toEqual([]);
  });

  it("is told for each cause", () => {
    expect(obstacles("1")).toEqual(["MigEnabled: cut into MIG"]);
    expect(obstacles("2")).toEqual(["Unhealthy: unhealthy: XID 79, off the bus"]);
    expect(obstacles("1:1", [foreign])).toEqual([
      "InUse: in use by a container ds01 does not manage: container llm-web-1 (dave, compose llm)",
    ]);
  });

  it("is everybody who has it", () => {
    const process: Lease["holder"] = {
      type: "process",
      pid: 4121,
      processName: "python",
      user: "dave",
      containerName: null,
    };
    const leases = [
      lease("GPU-0", "alice/train"),
      { ...lease("GPU-0", "-"), state: "InUse" as const, holder: process },
    ];
    expect(obstacles("0", leases)).toEqual([
      "Allocated: allocated: alice/train",
      "InUse: in use by a host process: pid 4121 (dave, host)",
    ]);
  });

  it("is a GPU stack that does not answer, whatever was known", () => {
    expect(obstacles("0", [], { ready: false, message: "nvidia-smi hangs" })).toEqual([
      "GpuStackNotReady: nvidia-smi hangs",
    ]);
  });
});
