import type { Device } from "./device.ts";

/** What an admin declares: these GPUs are used by up to `replicas` containers at a time. */
export interface SharingRule {
  /** Slots or UUIDs of whole GPUs. */
  readonly devices: readonly string[];
  readonly replicas: number;
}

/**
 * The devices with the time slices of each shared GPU behind it. Every slice sees the whole GPU: nothing is isolated.
 * GPUs in MIG mode, slices and what is not here are not shared; of two rules for one GPU the first counts.
 */
export function withTimeSlices(devices: readonly Device[], rules: readonly SharingRule[]): readonly Device[] {
  return devices.flatMap((device) => {
    const rule = rules.find((one) => one.devices.some((name) => isCalled(device, name)));
    if (rule === undefined || device.profile !== null || device.migEnabled) return [device];
    const { replicas } = rule;
    const slices = Array.from({ length: replicas }, (_, replica): Device => ({
      ...device,
      uuid: `${device.uuid}::${replica}`,
      slot: `${device.slot}.${replica}`,
      parentUuid: device.uuid,
      gpuEquivalents: 1 / replicas,
      sharing: { replicas, replica },
    }));
    return [{ ...device, sharing: { replicas, replica: null } }, ...slices];
  });
}

/** The UUID that the driver knows: of its GPU for a time slice. */
export function driverUuid(uuid: string): string {
  return uuid.replace(/::\d+$/, "");
}

function isCalled({ slot, uuid }: Device, name: string): boolean {
  return slot === name || uuid.toLowerCase() === name.toLowerCase();
}
