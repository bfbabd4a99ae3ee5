import type { Device } from "../../core/schedule/device.ts";

/** A device of which nothing is known but that it is there: it counts as one, and is never cut. */
export function acceleratorDevice(
  known: Pick<Device, "uuid" | "slot" | "index" | "model"> & { readonly kind: string },
): Device {
  return {
    ...known,
    memoryBytes: 0,
    computeCapability: null,
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: false,
    healthy: true,
    unhealthyReason: null,
    links: null,
  };
}
