import { isClean } from "../schedule/ledger.ts";
import type { Device, Inventory } from "../schedule/device.ts";
import {
  advanceHealth,
  healthReason,
  healthy,
  type DeviceHealth,
  type HealthRules,
} from "./device-health.ts";
import type { DeviceReport } from "./device-report.ts";
import type { UnhealthyPolicy } from "./relocation.ts";
import { memoryErrorSignal, missingSignal, standingSignals, type HealthSignal } from "./signals.ts";

/** A whole GPU as it was seen last, with its health; enough to show it while it is missing. */
export interface KnownDevice {
  readonly device: Pick<Device, "uuid" | "slot" | "index" | "model" | "memoryBytes" | "computeCapability">;
  readonly health: DeviceHealth;
}

export interface HealthSettings extends HealthRules {
  readonly temperatureLimitCelsius: number;
  readonly onUnhealthy: UnhealthyPolicy;
}

const minuteMs = 60_000;

export const defaultHealthSettings: HealthSettings = {
  retestMs: minuteMs,
  retestMaximumMs: 30 * minuteMs,
  quietMs: 10 * minuteMs,
  quarantineAfterFailures: 3,
  failureWindowMs: 24 * 60 * minuteMs,
  temperatureLimitCelsius: 90,
  onUnhealthy: "leave",
};

interface LookContext {
  readonly now: number;
  readonly settings: HealthSettings;
}

/** Everything known after a complete look; one that was known and is not listed any more is missing. */
export function lookAtDevices(
  known: ReadonlyMap<string, KnownDevice>,
  inventory: Inventory,
  context: LookContext,
): ReadonlyMap<string, KnownDevice> {
  const { reports, ready, devices } = inventory;
  if (!ready || reports === undefined) return known;
  const after = new Map<string, KnownDevice>();
  for (const [uuid, { device, health }] of known) {
    if (reports.has(uuid)) continue;
    const look = { standing: [missingSignal(context.now)], errors: [], clean: true };
    after.set(uuid, { device, health: advanceHealth(health, look, rulesOf(context)) });
  }
  for (const [uuid, report] of reports) {
    const device = devices.find((one) => one.uuid === uuid);
    if (device === undefined) continue;
    const before = known.get(uuid)?.health ?? healthy(context.now);
    const clean = isClean(device, inventory);
    after.set(uuid, { device: identityOf(device), health: lookAt(before, { report, clean }, context) });
  }
  return after;
}

/** The device after an error that the kernel log tells of, between two looks. */
export function hearError(
  { device, health }: KnownDevice,
  error: HealthSignal,
  report: DeviceReport | undefined,
  context: LookContext,
): KnownDevice {
  const standing = report === undefined ? [] : standingOf(report, context);
  // An error is no test.
  const look = { standing, errors: [error], clean: false };
  return { device, health: advanceHealth(health, look, rulesOf(context)) };
}

function lookAt(
  before: DeviceHealth,
  { report, clean }: { readonly report: DeviceReport; readonly clean: boolean },
  context: LookContext,
): DeviceHealth {
  const count = report.uncorrectedErrors ?? before.uncorrectedErrors;
  const more = count - before.uncorrectedErrors;
  const errors = more > 0 ? [memoryErrorSignal(more, context.now)] : [];
  const look = { standing: standingOf(report, context), errors, clean };
  return advanceHealth({ ...before, uncorrectedErrors: count }, look, rulesOf(context));
}

function standingOf(report: DeviceReport, { now, settings }: LookContext): readonly HealthSignal[] {
  return standingSignals(report, settings.temperatureLimitCelsius, now);
}

function rulesOf({ now, settings }: LookContext): { readonly now: number; readonly rules: HealthRules } {
  return { now, rules: settings };
}

/** The devices with what is known about their health; slices share that of their GPU, and what is missing stays listed. */
export function withHealth(
  devices: readonly Device[],
  known: ReadonlyMap<string, KnownDevice>,
): readonly Device[] {
  const judged = devices.map((device) => {
    const health = known.get(device.parentUuid ?? device.uuid)?.health;
    const reason = health === undefined ? null : healthReason(health);
    if (health === undefined || reason === null) return device;
    return { ...device, healthy: false, unhealthyReason: reason, health };
  });
  const missing = [...known.values()].filter(
    ({ device, health }) =>
      health.signals.some(({ key }) => key === "missing") &&
      devices.every(({ uuid }) => uuid !== device.uuid),
  );
  return [...judged, ...missing.map((one) => missingDevice(one, devices))];
}

/** Another GPU may have its number by now. */
function missingDevice({ device, health }: KnownDevice, devices: readonly Device[]): Device {
  const isTaken = devices.some(({ slot }) => slot === device.slot);
  return {
    ...device,
    slot: isTaken ? device.uuid : device.slot,
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: false,
    healthy: false,
    unhealthyReason: healthReason(health),
    health,
    links: null,
  };
}

function identityOf({
  uuid,
  slot,
  index,
  model,
  memoryBytes,
  computeCapability,
}: Device): KnownDevice["device"] {
  return { uuid, slot, index, model, memoryBytes, computeCapability };
}
