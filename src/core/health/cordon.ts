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

/** Stands for cordons that cannot be read. */
export interface UnreadableCordons {
  /** Since when, in milliseconds since the epoch. */
  readonly at: number;
  /** UUIDs of devices of which an admin has said since whether they are cordoned; of a GPU for its slices too. */
  readonly except: readonly string[];
}

/** The devices of which it is not known whether they are cordoned: none where all cordons can be read. */
export function unknownAmong(
  devices: readonly Device[],
  unreadable: UnreadableCordons | undefined,
): readonly Device[] {
  if (unreadable === undefined) return [];
  const { except } = unreadable;
  return devices.filter(
    ({ uuid, parentUuid }) => !except.includes(uuid) && !except.includes(parentUuid ?? ""),
  );
}

/** A cordon for each device of which none can be read, or it would be given to somebody against an admin's word. */
export function withUnknownCordons(
  devices: readonly Device[],
  unreadable: UnreadableCordons | undefined,
): readonly Device[] {
  const unknown = new Set(unknownAmong(devices, unreadable));
  if (unreadable === undefined || unknown.size === 0) return devices;
  return devices.map((device) => {
    if (!unknown.has(device) || device.cordon !== undefined) return device;
    const uuid = device.parentUuid ?? device.uuid;
    return { ...device, cordon: { uuid, by: "ds01", at: unreadable.at, reason: unreadableReason } };
  });
}

const unreadableReason =
  "DevicesUnreadable: devices.json is damaged, an admin says ds01 uncordon or ds01 cordon";

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
