import type { Device } from "./device.ts";

/** Whether the device has the least compute capability (`8.0`; null: any will do); null when its own is unknown. */
export function hasCapability(device: Device, least: string | null): boolean | null {
  if (least === null) return true;
  return device.computeCapability === null ? null : order(device.computeCapability) >= order(least);
}

/** `12.0` comes after `9.0`. */
function order(capability: string): number {
  const [major = "0", minor = "0"] = capability.split(".");
  return Number(major) * 1000 + Number(minor);
}
