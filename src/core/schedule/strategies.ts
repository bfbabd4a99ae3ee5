import type { Configuration } from "../../api/configuration.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import type { DeviceSituation } from "./device-situation.ts";
import { linkScoreOf, type SetScore } from "./link-score.ts";

/** One thing that a strategy looks at, as a number. */
export interface Criterion {
  /** Heading of its column where scores are shown. */
  readonly name: string;
  readonly better: "low" | "high";
  readonly unit: "number" | "bytes" | "percent";
  readonly of: (device: Device, situation: DeviceSituation) => number;
}

/** One way of choosing among devices that all fit; it never makes one fit or unfit. */
export interface DeviceStrategy {
  /** Looked at in this order: the first that tells a difference decides, the slot among equals. */
  readonly criteria: readonly Criterion[];
  /** Rates whole sets of whole GPUs, before `criteria` decide among equals; null: one device after the other. */
  readonly scoreSets: ((free: readonly Device[]) => SetScore) | null;
}

/** What `allocation.strategy` takes. */
export type Strategy = NonNullable<NonNullable<Configuration["allocation"]>["strategy"]>;

export const defaultStrategy: Strategy = "leastAllocated";

const leastTaken: Criterion = {
  name: "taken on card",
  better: "low",
  unit: "number",
  of: (device, situation) => situation.taken(device),
};

/** The smaller device first. */
export const sizeCriteria: readonly Criterion[] = [
  { name: "GPU-equivalents", unit: "number", better: "low", of: (device) => device.gpuEquivalents },
  { name: "memory", unit: "bytes", better: "low", of: (device) => device.memoryBytes },
];

/** The smallest device that does, on the card with the fewest idle slices, beside slices that are taken. */
const bestFit: readonly Criterion[] = [
  ...sizeCriteria,
  {
    name: "idle slices",
    unit: "number",
    better: "low",
    of: (device, situation) => situation.idleSlices(device),
  },
  {
    name: "busy neighbours",
    unit: "number",
    better: "high",
    of: (device, situation) => situation.busyNeighbours(device),
  },
];

/** The card that has done least lately; what is unknown may be busy. */
const leastUsed: readonly Criterion[] = [
  { name: "recent use", unit: "percent", better: "low", of: recentUtilization },
  { name: "memory used", unit: "bytes", better: "low", of: memoryUsed },
];

/** One row for each way of choosing among devices that all fit. */
export const strategies: Readonly<Record<Strategy, DeviceStrategy>> = {
  leastAllocated: strategyOf([leastTaken]),
  binpack: strategyOf([{ ...leastTaken, better: "high" }]),
  bestFitMig: strategyOf(bestFit),
  topology: strategyOf(bestFit, linkScoreOf),
  usageAware: strategyOf([leastTaken, ...leastUsed]),
};

export const strategyNames = Object.keys(strategies) as readonly Strategy[];

function strategyOf(
  criteria: readonly Criterion[],
  scoreSets: DeviceStrategy["scoreSets"] = null,
): DeviceStrategy {
  return { criteria, scoreSets };
}

/** The first criterion that tells a difference decides, the slot among equals, so that the order is total. */
export function compareBy(
  criteria: readonly Criterion[],
  left: Device,
  right: Device,
  situation: DeviceSituation,
): number {
  for (const { of, better } of criteria) {
    const difference = of(left, situation) - of(right, situation);
    if (difference !== 0) return better === "low" ? difference : -difference;
  }
  return compareDevices(left, right);
}

function recentUtilization(device: Device, situation: DeviceSituation): number {
  const usage = situation.usage(device);
  return usage?.recentUtilizationPercent ?? usage?.utilizationPercent ?? 100;
}

function memoryUsed(device: Device, situation: DeviceSituation): number {
  return situation.usage(device)?.memoryUsedBytes ?? Number.MAX_SAFE_INTEGER;
}
