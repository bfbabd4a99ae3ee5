import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";

/** True when the demand itself is the holder. */
export function isHeldBy(lease: Lease, demand: DeviceDemand): boolean {
  return lease.holder.type === "object" && lease.holder.uid === demand.uid;
}

/** Uids of objects that hold something. */
export function holdersOf(leases: readonly Lease[]): ReadonlySet<string> {
  return new Set(leases.flatMap(({ holder }) => (holder.type === "object" ? [holder.uid] : [])));
}

/** What a demand holds once it is given devices now. */
export function leasesFor(
  { uid, namespace, name, maxRuntimeMs }: DeviceDemand,
  devices: readonly Device[],
  now: number,
): readonly Lease[] {
  return devices.map((device) => ({
    deviceUuid: device.uuid,
    holder: { type: "object", uid, namespace, name },
    state: "Allocated",
    until: maxRuntimeMs === null ? null : now + maxRuntimeMs,
    untilCause: maxRuntimeMs === null ? null : "maxRuntime",
  }));
}
