import { groupBy } from "../../util/group-by.ts";
import { chooseDevices } from "./choose-devices.ts";
import { hasCapability } from "./compute-capability.ts";
import type { Device, Inventory } from "./device.ts";
import { deviceBook } from "./device-book.ts";
import { compareDevices } from "./device-order.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { DeviceRequirement } from "./requirement.ts";
import type { Strategy } from "./strategies.ts";

/** The first clause that a device fails: those before `UnknownCapability` are for ever, the others pass. */
export type FailedClause =
  | "WrongKind"
  | "IsSlice"
  | "MigEnabled"
  | "WrongProfile"
  | "NotGranted"
  | "IsTimeSlice"
  | "TimeSliced"
  | "NotTimeSliced"
  | "TooManySharers"
  | "WrongModel"
  | "TooLittleMemory"
  | "TooLowCapability"
  | "UnknownCapability"
  | "Unhealthy"
  | "Cordoned"
  | "Leased";

export interface DeviceRefusal {
  readonly device: Device;
  readonly clause: FailedClause;
  /** Leases of others in the way; only for `Leased`. */
  readonly leases: readonly Lease[];
}

export type Allocation =
  | { readonly type: "allocated"; readonly devices: readonly Device[] }
  | {
      readonly type: "shortage";
      readonly free: readonly Device[];
      readonly refusals: readonly DeviceRefusal[];
    };

/** What can never be made right by waiting: wrong kind, model, memory or capability; undefined when the device is right. */
export function mismatch(required: DeviceRequirement, device: Device): FailedClause | undefined {
  if (required.kind !== device.kind) return "WrongKind";
  const kind = wrongKind(required, device);
  if (kind !== undefined) return kind;
  const models = required.models;
  if (models !== null && !models.some((model) => modelMatches(model, device.model))) return "WrongModel";
  if (device.memoryBytes < (required.minMemoryBytes ?? 0)) return "TooLittleMemory";
  return hasCapability(device, required.minComputeCapability) === false ? "TooLowCapability" : undefined;
}

/** Whether it is a whole GPU, a slice or a time slice, and which of these is asked for. */
function wrongKind(required: DeviceRequirement, device: Device): FailedClause | undefined {
  const { profile, migAllowed, sharers } = required;
  const { sharing } = device;
  if (sharers !== undefined) return wrongSharing(sharers, sharing);
  if (sharing !== undefined) return sharing.replica === null ? "TimeSliced" : "IsTimeSlice";
  if (profile !== null) return device.profile === profile ? undefined : "WrongProfile";
  if (device.migEnabled) return "MigEnabled";
  if (migAllowed === undefined) return device.profile === null ? undefined : "IsSlice";
  const granted =
    device.profile === null ? migAllowed.full : (migAllowed.profiles?.includes(device.profile) ?? true);
  return granted ? undefined : "NotGranted";
}

function wrongSharing(sharers: number, sharing: Device["sharing"]): FailedClause | undefined {
  if (sharing === undefined || sharing.replica === null) return "NotTimeSliced";
  return sharing.replicas > sharers ? "TooManySharers" : undefined;
}

/** Leases by the UUID of their device. */
type LeaseIndex = ReadonlyMap<string, readonly Lease[]>;

/** Leases of anybody but `uid` on the device, on the GPU it is cut from, or on its slices. */
function foreignLeases(
  device: Device,
  uid: string,
  slicesOf: ReadonlyMap<string, readonly string[]>,
  leases: LeaseIndex,
): readonly Lease[] {
  const isForeign = ({ holder }: Lease): boolean => holder.type !== "object" || holder.uid !== uid;
  const own = leases.get(device.uuid)?.filter(isForeign) ?? none;
  const related = device.parentUuid === null ? slicesOf.get(device.uuid) : [device.parentUuid];
  if (related === undefined) return own;
  return [...own, ...related.flatMap((other) => leases.get(other)?.filter(isForeign) ?? none)];
}

const none: readonly Lease[] = [];

/** What devices are chosen from, and how. */
export interface AllocationContext {
  readonly inventory: Pick<Inventory, "devices" | "usage">;
  readonly leases: readonly Lease[];
  readonly strategy: Strategy;
}

/**
 * Chooses distinct devices for one demand, or says for every device why not. The devices it held last come
 * first, then those it holds now, then the strategy's choice; the same input always gives the same answer.
 */
export function allocate(
  demand: DeviceDemand,
  { inventory, leases, strategy }: AllocationContext,
): Allocation {
  const { free, refusals } = judgeDevices(demand, inventory.devices, leases);
  const wanted = [...demand.preferred, ...heldBy(demand.uid, leases)];
  const chosen = chooseDevices({
    demand,
    free,
    wanted,
    inventory,
    leases,
    strategy: demand.strategy ?? strategy,
  });
  if (chosen === undefined) return { type: "shortage", free, refusals };
  return { type: "allocated", devices: chosen.toSorted(compareDevices) };
}

/** Which devices are right and free for the demand, each by itself, and why the others are not; in slot order. */
export function judgeDevices(
  demand: DeviceDemand,
  devices: readonly Device[],
  leases: readonly Lease[],
): { readonly free: readonly Device[]; readonly refusals: readonly DeviceRefusal[] } {
  const free: Device[] = [];
  const refusals: DeviceRefusal[] = [];
  const index = groupBy(leases, ({ deviceUuid }) => deviceUuid);
  const { bySlot, slicesOf } = deviceBook(devices);
  for (const device of bySlot) {
    const refusal = refuse(demand, device, slicesOf, index);
    if (refusal === undefined) free.push(device);
    else refusals.push(refusal);
  }
  return { free, refusals };
}

function refuse(
  demand: DeviceDemand,
  device: Device,
  slicesOf: ReadonlyMap<string, readonly string[]>,
  leases: LeaseIndex,
): DeviceRefusal | undefined {
  const wrong = mismatch(demand, device);
  if (wrong !== undefined) return { device, clause: wrong, leases: [] };
  if (hasCapability(device, demand.minComputeCapability) === null) {
    return { device, clause: "UnknownCapability", leases: [] };
  }
  if (!device.healthy) return { device, clause: "Unhealthy", leases: [] };
  if (device.cordon !== undefined) return { device, clause: "Cordoned", leases: [] };
  const inTheWay = foreignLeases(device, demand.uid, slicesOf, leases);
  return inTheWay.length === 0 ? undefined : { device, clause: "Leased", leases: inTheWay };
}

function heldBy(uid: string, leases: readonly Lease[]): readonly string[] {
  return leases
    .filter((lease) => lease.holder.type === "object" && lease.holder.uid === uid)
    .map((lease) => lease.deviceUuid);
}

/** `*` stands for any text; case does not matter. Linear, because the pattern comes from users. */
function modelMatches(pattern: string, model: string): boolean {
  const [first = "", ...others] = pattern.toLowerCase().split("*");
  const text = model.toLowerCase();
  if (others.length === 0) return text === first;
  const last = others.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
