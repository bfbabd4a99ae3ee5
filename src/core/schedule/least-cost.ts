import { mismatch } from "./allocate.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand } from "./lease.ts";

/** GPU-equivalents of the smallest devices that fit a demand; those of its own cost nothing more. */
export function leastCost(demand: DeviceDemand, devices: readonly Device[], own: readonly string[]): number {
  const costs = devices
    .filter((device) => mismatch(demand, device) === undefined)
    .map((device) => (own.includes(device.uuid) ? 0 : device.gpuEquivalents))
    .toSorted((a, b) => a - b);
  return costs.slice(0, demand.count).reduce((sum, cost) => sum + cost, 0);
}
