import { fitsWithin } from "../quota/gpu-equivalents.ts";
import { allocate } from "./allocate.ts";
import type { Device, Inventory } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { Strategy } from "./strategies.ts";

/** Another request than the one that waits. */
export interface GpuAlternative {
  readonly count: number;
  readonly profile: string | null;
}

export interface HintInput {
  readonly inventory: Inventory;
  readonly leases: readonly Lease[];
  readonly strategy: Strategy;
  readonly quotaLeft: number | null;
  readonly mayAsk?: (demand: DeviceDemand, alternative: GpuAlternative) => boolean;
}

/** The request closest to the one that waits which would start now, as it stands in a spec; null without one. */
export function findHint(demand: DeviceDemand, input: HintInput): string | null {
  if (!input.inventory.ready || !demand.ready) return null;
  if (demand.migAllowed !== undefined || demand.sharers !== undefined) return null;
  const found = alternatives(demand, input.inventory.devices).find(
    (alternative) => startsNow(demand, alternative, input) && (input.mayAsk?.(demand, alternative) ?? true),
  );
  if (found === undefined) return null;
  const profile = found.profile === null ? "" : `, profile: ${found.profile}`;
  return `gpus: {count: ${found.count}${profile}}`;
}

function startsNow(demand: DeviceDemand, alternative: GpuAlternative, input: HintInput): boolean {
  const allocation = allocate({ ...demand, ...alternative }, input);
  if (allocation.type === "shortage") return false;
  const cost = allocation.devices.reduce((sum, device) => sum + device.gpuEquivalents, 0);
  return input.quotaLeft === null || fitsWithin(cost, input.quotaLeft);
}

/** Other kinds in the same number first, the nearest in size before the rest; then fewer of the same kind. */
function alternatives(demand: DeviceDemand, devices: readonly Device[]): readonly GpuAlternative[] {
  const sizes = new Map<string | null, number>();
  for (const device of devices) {
    const isOffered = !device.migEnabled && device.sharing === undefined;
    if (isOffered && !sizes.has(device.profile)) sizes.set(device.profile, device.gpuEquivalents);
  }
  const wanted = demand.profile === null ? 1 : (sizes.get(demand.profile) ?? 0);
  const kinds = [...sizes.entries()]
    .filter(([profile]) => profile !== demand.profile)
    .toSorted(
      ([, a], [, b]) =>
        Number(a < wanted) - Number(b < wanted) || Math.abs(a - wanted) - Math.abs(b - wanted),
    )
    .map(([profile]) => ({ count: demand.count, profile }));
  const fewer = Array.from({ length: Math.max(0, demand.count - 1) }, (_, index) => ({
    count: demand.count - 1 - index,
    profile: demand.profile,
  }));
  return [...kinds, ...fewer];
}
