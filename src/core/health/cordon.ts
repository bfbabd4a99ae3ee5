import { formatTime } from "../format-time.ts";
import type { Device } from "../schedule/device.ts";

/** An admin's word that a device is given to nobody; what runs on it goes on. */
export interface Cordon {
  /** UUID of what was cordoned: a GPU, which covers its slices, or one slice. */
  readonly uuid: string;
  /** Login name of who said so. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string | null;
  /** True: what runs on it is to move to other devices. */
  readonly drain?: boolean | undefined;
}

/** The devices, each with the cordon that keeps it from being handed out. */
export function withCordons(devices: readonly Device[], cordons: readonly Cordon[]): readonly Device[] {
  if (cordons.length === 0) return devices;
  return devices.map((device) => {
    const found = cordons.filter(({ uuid }) => uuid === device.uuid || uuid === device.parentUuid);
    const cordon = found.find(({ uuid }) => uuid === device.uuid) ?? found[0];
    if (cordon === undefined) return device;
    return { ...device, cordon, ...(found.some(({ drain }) => drain === true) ? { evacuate: true } : {}) };
  });
}

/** `cordoned by root at 2026-01-05T08:00:00Z: fan noise`. */
export function cordonText({ by, at, reason }: Cordon): string {
  return `cordoned by ${by} at ${formatTime(at)}${reason === null ? "" : `: ${reason}`}`;
}
