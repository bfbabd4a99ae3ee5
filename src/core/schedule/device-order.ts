import type { Device } from "./device.ts";

/** Order of slots by their numbers: `2` before `10`, `0:2` before `0:10`, `tpu-2` before `tpu-10`, a GPU before its slices. */
export function compareSlots(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [one, other] = [a[index], b[index]];
    if (one === other) continue;
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one) < String(other) ? -1 : 1;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Numbers and the words between them; asked for often, of few slots. */
const parts = new Map<string, readonly (string | number)[]>();

function partsOf(slot: string): readonly (string | number)[] {
  const known = parts.get(slot);
  if (known !== undefined) return known;
  const found = slot
    .split(/(\d+)/)
    .filter((part) => part !== "")
    .map((part) => (/^\d/.test(part) ? Number(part) : part));
  parts.set(slot, found);
  return found;
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
