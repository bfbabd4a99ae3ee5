import { ioRateNames, type BlockIo, type IoRateName } from "../../api/block-io.ts";
import type { QuotaSpecSpec } from "../../api/quota.ts";
import { formatBytes, parseBytes } from "../../util/quantity.ts";
import type { FieldOf } from "./grants.ts";
import { keeps } from "./engine-limits.ts";
import type { EffectiveLimits, Origin, ResolvedQuota, Sourced, Violation } from "./limits.ts";
import { allowing, at, type Subject } from "./violation-words.ts";

/** One rate of one device: bytes or operations a second. */
export interface IoRate {
  readonly path: string;
  readonly name: IoRateName;
  readonly perSecond: number;
}

/** A rate in effect, and who says so. */
export interface EffectiveIoRate extends IoRate {
  readonly origin: Origin;
}

/** Use of the disks in effect. */
export interface EffectiveIo {
  /** null: the engine's. */
  readonly weight: Sourced<number | null>;
  readonly rates: readonly EffectiveIoRate[];
}

/** What a quota says about the use of disks. */
export interface ResolvedIo {
  readonly usualWeight: Sourced<number | null>;
  readonly mostWeight: Sourced<number | null>;
  readonly usualRates: Sourced<readonly IoRate[]>;
  readonly mostRates: Sourced<readonly IoRate[]>;
}

/** Looks up weight and rates in the quotas that apply. */
export function resolveIo(field: FieldOf): ResolvedIo {
  const io = (spec: QuotaSpecSpec, which: "default" | "max"): BlockIo | undefined =>
    spec.perContainer?.[which]?.io;
  const weight = (which: "default" | "max"): Sourced<number | null> =>
    field<number | null>(`spec.perContainer.${which}.io.weight`, (spec) => io(spec, which)?.weight, null);
  const rates = (which: "default" | "max"): Sourced<readonly IoRate[]> =>
    field<readonly IoRate[]>(
      `spec.perContainer.${which}.io.devices`,
      (spec) => {
        const devices = io(spec, which)?.devices;
        return devices === undefined ? undefined : ratesOf(devices);
      },
      [],
    );
  return {
    usualWeight: weight("default"),
    mostWeight: weight("max"),
    usualRates: rates("default"),
    mostRates: rates("max"),
  };
}

/**
 * Weight and each rate: what the spec says, else the quota's default within its maximum, else its maximum. Rates of
 * the quota come last: of two paths of one device the engine keeps to the later one.
 */
export function effectiveIo(
  written: BlockIo | undefined,
  { io }: Pick<ResolvedQuota, "io">,
  specOrigin: Origin,
): EffectiveIo {
  const own = ratesOf(written?.devices ?? []).map((rate) => ({ ...rate, origin: specOrigin }));
  const given = new Map<string, EffectiveIoRate>();
  for (const { value, origin } of [io.mostRates, io.usualRates]) {
    for (const rate of value) {
      const before = given.get(keyOf(rate));
      if (before === undefined || rate.perSecond < before.perSecond)
        given.set(keyOf(rate), { ...rate, origin });
    }
  }
  for (const rate of own) given.delete(keyOf(rate));
  return {
    weight: written?.weight === undefined ? weightOf(io) : { value: written.weight, origin: specOrigin },
    rates: [...own.toSorted(compareRates), ...[...given.values()].toSorted(compareRates)],
  };
}

/** One quota serves machines with different disks: rates of those that are not here limit nothing. */
export function withoutMissingDisks(
  quota: ResolvedQuota,
  isMissing: (path: string) => boolean,
): ResolvedQuota {
  const { usualRates, mostRates } = quota.io;
  if (![...usualRates.value, ...mostRates.value].some(({ path }) => isMissing(path))) return quota;
  const there = (rates: ResolvedIo["usualRates"]): ResolvedIo["usualRates"] => ({
    ...rates,
    value: rates.value.filter(({ path }) => !isMissing(path)),
  });
  return { ...quota, io: { ...quota.io, usualRates: there(usualRates), mostRates: there(mostRates) } };
}

/** Paths of the disks that a quota limits. */
export function limitedDisks({ io }: Pick<ResolvedQuota, "io">): readonly string[] {
  return [...new Set([...io.usualRates.value, ...io.mostRates.value].map(({ path }) => path))];
}

/** The rates that a container is made with and compared by. */
export function keptRates({
  io,
  cannotLimit,
}: Pick<EffectiveLimits, "io" | "cannotLimit">): EffectiveIo["rates"] {
  return keeps(cannotLimit, "io.devices") ? io.rates : [];
}

/** Weight and rates of a spec above the quota's. */
export function ioViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const io = spec.resources?.io;
  const found: Violation[] = [];
  const refuse = (field: string, asked: string, allowed: string, origin: Origin): void => {
    const message = `${facts.object} asks for ${asked}; ${allowing(origin)} ${allowed} in one container${at(origin)}: lower ${field} or ask an admin`;
    found.push({ reason: "ExceedsMaxQuota", field, message });
  };
  const { mostWeight, mostRates } = quota.io;
  if (io?.weight !== undefined && mostWeight.value !== null && io.weight > mostWeight.value) {
    const asked = `an I/O weight of ${io.weight}`;
    refuse("spec.resources.io.weight", asked, String(mostWeight.value), mostWeight.origin);
  }
  (io?.devices ?? []).forEach((device, index) => {
    for (const rate of ratesOf([device])) {
      const most = mostRates.value.find((one) => keyOf(one) === keyOf(rate));
      if (most === undefined || rate.perSecond <= most.perSecond) continue;
      const field = `spec.resources.io.devices[${index}].${rate.name}`;
      refuse(field, `${ioRateText(rate)}`, perSecondText(most), mostRates.origin);
    }
  });
  return found;
}

/** Rates of devices as numbers, by path and name. */
export function ratesOf(devices: NonNullable<BlockIo["devices"]>): readonly IoRate[] {
  return devices
    .flatMap((device) =>
      ioRateNames.flatMap((name) => {
        const written = device[name];
        const perSecond = typeof written === "string" ? parseBytes(written) : written;
        return perSecond === undefined ? [] : [{ path: device.path, name, perSecond }];
      }),
    )
    .toSorted(compareRates);
}

/** `/dev/nvme0n1 readBytesPerSecond 200Mi`. */
export function ioRateText(rate: IoRate): string {
  return `${rate.path} ${rate.name} ${perSecondText(rate)}`;
}

/** `200Mi`, or a number of operations. */
export function perSecondText({ name, perSecond }: Pick<IoRate, "name" | "perSecond">): string {
  return name.includes("Bytes") ? formatBytes(perSecond) : String(perSecond);
}

/** What identifies a rate. */
export function keyOf({ path, name }: Pick<IoRate, "path" | "name">): string {
  return `${path} ${name}`;
}

function weightOf({ usualWeight, mostWeight }: ResolvedIo): Sourced<number | null> {
  if (usualWeight.value === null) return mostWeight;
  return mostWeight.value !== null && usualWeight.value > mostWeight.value ? mostWeight : usualWeight;
}

function compareRates(left: IoRate, right: IoRate): number {
  if (left.path !== right.path) return left.path < right.path ? -1 : 1;
  return ioRateNames.indexOf(left.name) - ioRateNames.indexOf(right.name);
}
