import type { Device, DeviceUsage, Inventory } from "./device.ts";
import { physicalUuid } from "./device-order.ts";
import type { Lease } from "./lease.ts";

/** What is going on around a device, for strategies; counted per card, not per slice. */
export interface DeviceSituation {
  /** Devices of its card that are taken. */
  taken(device: Device): number;
  /** Slices of its card that nobody has. */
  idleSlices(device: Device): number;
  /** Slices beside it on its card that are taken: 0, 1 or 2. */
  busyNeighbours(device: Device): number;
  /** Of its card; undefined when nothing is known. */
  usage(device: Device): DeviceUsage | undefined;
}

/** The situation once `chosen` are taken as well. */
export function situationOf(
  inventory: Pick<Inventory, "devices" | "usage">,
  leases: readonly Lease[],
  chosen: readonly Device[],
): DeviceSituation {
  const busy = new Set([...leases.map(({ deviceUuid }) => deviceUuid), ...chosen.map(({ uuid }) => uuid)]);
  const cards = new Map<string, Device[]>();
  for (const device of inventory.devices) {
    const card = cards.get(physicalUuid(device));
    if (card === undefined) cards.set(physicalUuid(device), [device]);
    else card.push(device);
  }
  const counted = (device: Device, isCounted: (other: Device) => boolean): number =>
    (cards.get(physicalUuid(device)) ?? []).filter(isCounted).length;
  return {
    taken: (device) => counted(device, ({ uuid }) => busy.has(uuid)),
    idleSlices: (device) => counted(device, ({ uuid, parentUuid }) => parentUuid !== null && !busy.has(uuid)),
    busyNeighbours: (device) =>
      counted(device, (other) => busy.has(other.uuid) && areNeighbours(other, device)),
    usage: (device) => inventory.usage.get(physicalUuid(device)),
  };
}

/** By what they cover of the card where that is known, else by their numbers. */
function areNeighbours(left: Device, right: Device): boolean {
  const [one, other] = [left.placement, right.placement];
  if (one === undefined || other === undefined) return Math.abs(sliceOf(left) - sliceOf(right)) === 1;
  return one.start + one.size === other.start || other.start + other.size === one.start;
}

function sliceOf({ slot }: Device): number {
  return Number(slot.split(":")[1] ?? Number.NaN);
}
