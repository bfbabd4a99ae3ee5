import type { Device, DeviceUsage, Inventory } from "../../src/core/schedule/device.ts";
import type { DeviceDemand, Lease } from "../../src/core/schedule/lease.ts";
import { gpuEquivalentsOf } from "../../src/core/quota/gpu-equivalents.ts";

const gi = 1024 ** 3;

/** A whole A100; its UUID is `GPU-<index>`. */
export function gpu(index: number, change: Partial<Device> = {}): Device {
  return {
    uuid: `GPU-${index}`,
    slot: `${index}`,
    index,
    model: "NVIDIA A100-SXM4-80GB",
    memoryBytes: 80 * gi,
    computeCapability: "8.0",
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: false,
    healthy: true,
    unhealthyReason: null,
    links: null,
    ...change,
  };
}

/** A GPU in MIG mode with its slices; their UUIDs are `MIG-<index>-<slice>`. */
export function migGpu(index: number, profiles: readonly string[], change: Partial<Device> = {}): Device[] {
  const parent = gpu(index, { migEnabled: true, ...change });
  const slices = profiles.map((profile, slice) =>
    gpu(index, {
      ...change,
      uuid: `MIG-${index}-${slice}`,
      slot: `${index}:${slice}`,
      profile,
      parentUuid: parent.uuid,
      memoryBytes: Number(/(\d+)gb/.exec(profile)?.[1] ?? 0) * gi,
      gpuEquivalents: gpuEquivalentsOf(profile, parent.model),
    }),
  );
  return [parent, ...slices];
}

/** A demand for one whole GPU by alice. */
export function demand(uid: string, change: Partial<DeviceDemand> = {}): DeviceDemand {
  return {
    uid,
    namespace: "alice",
    name: uid,
    count: 1,
    profile: null,
    minMemoryBytes: null,
    models: null,
    minComputeCapability: null,
    nvlink: null,
    sameBoard: null,
    priority: 50,
    submittedAt: 0,
    preferred: [],
    reclaims: false,
    ready: true,
    quotaLeft: null,
    quotaText: null,
    maxRuntimeMs: null,
    ...change,
  };
}

/** An Allocated lease of the object `namespace/name`, whose uid is its name. */
export function lease(deviceUuid: string, holder: string, change: Partial<Lease> = {}): Lease {
  const [namespace = "", name = ""] = holder.split("/");
  return {
    deviceUuid,
    holder: { type: "object", uid: name, namespace, name },
    state: "Allocated",
    until: null,
    untilCause: null,
    ...change,
  };
}

export function inventory(devices: readonly Device[], usage: Record<string, DeviceUsage> = {}): Inventory {
  return { ready: true, message: "", devices, usage: new Map(Object.entries(usage)) };
}
