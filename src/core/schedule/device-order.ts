import type { Device } from "./device.ts";

/** Numeric order of slots: `2` before `10`, `0:2` before `0:10`, a GPU before its slices. */
export function compareSlots(left: string, right: string): number {
  const a = left.split(":");
  const b = right.split(":");
  for (let part = 0; part < Math.max(a.length, b.length); part += 1) {
    const difference = Number(a[part] ?? -1) - Number(b[part] ?? -1);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Slot order, with the UUID as the last word so that the order is total. */
export function compareDevices(left: Device, right: Device): number {
  return (
    compareSlots(left.slot, right.slot) || (left.uuid < right.uuid ? -1 : left.uuid > right.uuid ? 1 : 0)
  );
}

/** UUID of the physical GPU: its own, or its parent's for a slice. */
export function physicalUuid(device: Device): string {
  return device.parentUuid ?? device.uuid;
}

/**
 * True when handing out one of them takes something of the other: the same device, or a slice and its GPU. Two time
 * slices of one GPU do not, yet one container has no use for both.
 */
export function overlap(left: Device, right: Device): boolean {
  if (left.sharing !== undefined && physicalUuid(left) === physicalUuid(right)) return true;
  return left.uuid === right.uuid || left.parentUuid === right.uuid || right.parentUuid === left.uuid;
}
