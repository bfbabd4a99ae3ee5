import { formatGpuEquivalents, fitsWithin } from "../quota/gpu-equivalents.ts";
import { mismatch } from "../schedule/allocate.ts";
import type { Device } from "../schedule/device.ts";
import { compareDevices, overlap } from "../schedule/device-order.ts";
import { resolveReference } from "../schedule/device-reference.ts";
import type { Lease } from "../schedule/lease.ts";
import { endOf } from "../schedule/reservations.ts";
import { type Booking, coincide } from "./booking.ts";

/** What is kept for a booking as things are now. */
export interface KeptDevices {
  readonly booking: Booking;
  readonly devices: readonly Device[];
  /** What it asks for beyond that, for people; null when nothing is missing. */
  readonly missing: string | null;
}

export interface KeepInput {
  readonly devices: readonly Device[];
  readonly leases: readonly Lease[];
  readonly now: number;
}

/**
 * Chooses the devices of every booking, those that name theirs first, then in the order of names. Of the devices that
 * would do for a number of GPUs it takes those that its own people use in the window, then those that are free, then
 * those that are free soonest: so a choice that has become better is taken, and equal input gives equal answers.
 */
export function keepDevices(bookings: readonly Booking[], input: KeepInput): readonly KeptDevices[] {
  const kept: KeptDevices[] = [];
  const named = bookings.filter(({ devices }) => devices !== undefined);
  const counted = bookings.filter(({ devices }) => devices === undefined);
  for (const booking of [...named, ...counted]) {
    const others = kept.filter((other) => coincide(other.booking, booking));
    kept.push(booking.devices === undefined ? count(booking, others, input) : name(booking, others, input));
  }
  return kept;
}

/** Leases of others than those whom the booking is for on the device, on its card, or on its slices. */
export function othersLeases(
  { admits }: Booking,
  device: Device,
  { devices, leases }: Pick<KeepInput, "devices" | "leases">,
): readonly Lease[] {
  return leasesOn(device, devices, leases).filter(
    ({ holder }) => holder.type !== "object" || !admits(holder.namespace),
  );
}

function name(booking: Booking, others: readonly KeptDevices[], { devices }: KeepInput): KeptDevices {
  const found: Device[] = [];
  const missing: string[] = [];
  for (const reference of booking.devices ?? []) {
    const meant = resolveReference(reference, devices) ?? [];
    if (meant.length === 0) missing.push(`"${reference}" is no device of this host`);
    for (const device of meant) {
      const other = others.find((one) => one.devices.some((own) => overlap(own, device)));
      if (other === undefined) found.push(device);
      else missing.push(`GPU ${device.slot} is kept for ${other.booking.name} (${other.booking.place}) then`);
    }
  }
  const unique = [...new Set(found)].toSorted(compareDevices);
  return { booking, devices: unique, missing: missing.length === 0 ? null : missing.join("; ") };
}

function count(booking: Booking, others: readonly KeptDevices[], input: KeepInput): KeptDevices {
  const { count: wanted, equivalents, profile, models } = booking.gpus ?? {};
  const requirement = {
    profile: profile ?? null,
    models: models ?? null,
    minMemoryBytes: null,
    minComputeCapability: null,
    ...(equivalents === undefined || profile !== undefined
      ? {}
      : { migAllowed: { full: true, profiles: null } }),
  };
  const right = input.devices.filter(
    (device) =>
      mismatch(requirement, device) === undefined &&
      !others.some((other) => other.devices.some((own) => overlap(own, device))),
  );
  const ranked = right
    .map((device) => ({ device, rank: rankOf(booking, device, input) }))
    .toSorted(
      (left, right) => compareRanks(left.rank, right.rank) || compareDevices(left.device, right.device),
    )
    .map(({ device }) => device);
  const chosen: Device[] = [];
  const isEnough = (): boolean =>
    equivalents === undefined ? chosen.length >= (wanted ?? 0) : fitsWithin(equivalents, sum(chosen));
  for (const device of ranked) {
    if (isEnough()) break;
    if (!chosen.some((own) => overlap(own, device))) chosen.push(device);
  }
  const devices = withoutSpare(chosen, equivalents ?? null).toSorted(compareDevices);
  return { booking, devices, missing: isEnough() ? null : missingText(booking, devices) };
}

/** Of parts that come to more than what is wanted the worst are left that are not needed for it. */
function withoutSpare(chosen: readonly Device[], equivalents: number | null): readonly Device[] {
  if (equivalents === null || !fitsWithin(equivalents, sum(chosen))) return chosen;
  return chosen.reduceRight<readonly Device[]>((rest, device) => {
    const without = rest.filter((other) => other !== device);
    return fitsWithin(equivalents, sum(without)) ? without : rest;
  }, chosen);
}

function missingText({ gpus }: Booking, devices: readonly Device[]): string {
  if (gpus?.equivalents !== undefined) {
    return `asks for ${gpus.equivalents} GPU-equivalents, and ${formatGpuEquivalents(sum(devices))} can be kept`;
  }
  return `asks for ${gpus?.count ?? 0} and ${devices.length} can be kept`;
}

/** The lower the better: whether it can be used at all, who has it, until when. */
type Rank = readonly [unusable: number, kind: number, until: number];

function rankOf(booking: Booking, device: Device, { devices, leases, now }: KeepInput): Rank {
  const { from } = booking.window;
  const unusable = device.healthy && device.cordon === undefined ? 0 : 1;
  const others = othersLeases(booking, device, { devices, leases });
  if (others.length === 0) {
    const isUsed = from <= now && leasesOn(device, devices, leases).length > 0;
    return [unusable, isUsed ? 0 : 1, 0];
  }
  const until = Math.max(...others.map((lease) => endOf(lease, now)));
  return [unusable, until <= from ? 2 : 3, until];
}

function compareRanks(left: Rank, right: Rank): number {
  const [unusable, kind] = [left[0] - right[0], left[1] - right[1]];
  // Infinity is not subtracted from itself.
  return unusable || kind || (left[2] === right[2] ? 0 : left[2] < right[2] ? -1 : 1);
}

function leasesOn(device: Device, devices: readonly Device[], leases: readonly Lease[]): readonly Lease[] {
  return leases.filter(({ deviceUuid }) => {
    if (deviceUuid === device.uuid || deviceUuid === device.parentUuid) return true;
    return devices.some(({ uuid, parentUuid }) => uuid === deviceUuid && parentUuid === device.uuid);
  });
}

function sum(devices: readonly Device[]): number {
  return devices.reduce((total, { gpuEquivalents }) => total + gpuEquivalents, 0);
}
