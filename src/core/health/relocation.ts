import type { Device } from "../schedule/device.ts";
import { cordonText } from "./cordon.ts";

/** What becomes of work on a device that fails: it moves to another one, or is left alone. */
export type UnhealthyPolicy = "move" | "leave";

/** UUIDs of devices on which a stopped object does not start again for a reservation -> the words for it. */
export type ReservedDevices = ReadonlyMap<string, string>;

const nothing: ReservedDevices = new Map();

/** The devices with the word that what runs on those that have failed is to move. */
export function withEvacuation(devices: readonly Device[], policy: UnhealthyPolicy): readonly Device[] {
  if (policy === "leave") return devices;
  return devices.map((device) => (hasFailed(device) ? { ...device, evacuate: true } : device));
}

/** Suspicion, and recovery, are no reason to interrupt anybody. */
function hasFailed({ healthy, health }: Device): boolean {
  return !healthy && health?.state !== "Suspect" && health?.state !== "Recovering";
}

/**
 * The devices that a container has to give up: what runs only those that are evacuated, what does not run (yet, or any
 * more) is not started on one that is unhealthy, cordoned or reserved for others.
 */
export function devicesToLeave(
  held: readonly Device[],
  isLive: boolean,
  reserved: ReservedDevices = nothing,
): readonly Device[] {
  return held.filter((device) =>
    isLive
      ? device.evacuate === true
      : !device.healthy || device.cordon !== undefined || reserved.has(device.uuid),
  );
}

/** Why a container has to give up devices; null when it may keep all. */
export function relocationCause(
  held: readonly Device[],
  isLive: boolean,
  reserved: ReservedDevices = nothing,
): string | null {
  const [first] = devicesToLeave(held, isLive, reserved);
  if (first === undefined) return null;
  const name = `${first.profile === null ? "GPU" : "slice"} ${first.slot}`;
  if (!first.healthy) return `${name} is unhealthy: ${first.unhealthyReason ?? "for a reason not known"}`;
  const kept = first.cordon === undefined ? reserved.get(first.uuid) : undefined;
  if (kept !== undefined) return kept;
  return `${name} is ${first.cordon === undefined ? "to be left" : cordonText(first.cordon)}`;
}
