import { deviceUuidsOf } from "../expiry.ts";
import type { GpuClaims, ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import type { Device } from "../schedule/device.ts";
import { resolveReference } from "../schedule/device-reference.ts";
import { isAdopted } from "./adoption.ts";

/** The devices that somebody named to Docker, as they are called now; null when one of the names says nothing here. */
export function namedDevices({ all, ids }: GpuClaims, devices: readonly Device[]): readonly Device[] | null {
  const names = all ? ["all", ...ids] : ids;
  const found = new Set<Device>();
  for (const name of names) {
    const named = resolveReference(name, devices);
    if (named === undefined) return null;
    for (const device of named) found.add(device);
  }
  return devices.filter((device) => found.has(device));
}

/**
 * Why an adopted container must not start again: Docker was told numbers, which mean other GPUs by now than those it
 * holds. Null for what runs, which keeps the GPUs that it has.
 */
export function renumbered(primary: ObservedContainer, devices: readonly Device[]): string | null {
  const held = deviceUuidsOf(primary);
  if (!isAdopted(primary) || isLive(primary) || held.length === 0) return null;
  const named = namedDevices(primary.gpuClaims, devices);
  const now = (named ?? []).map(({ uuid }) => uuid);
  const same = now.length === held.length && held.every((uuid) => now.includes(uuid));
  return same ? null : "the GPU numbers that it was made with mean other GPUs now";
}
