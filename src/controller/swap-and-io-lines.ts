import type { LimitLine } from "../api/limits-answer.ts";
import { ioRateText, type IoRate } from "../core/quota/block-io.ts";
import { keeps, type EngineLimit } from "../core/quota/engine-limits.ts";
import type { EffectiveLimits, ResolvedQuota } from "../core/quota/limits.ts";
import { memorySwapText, totalText } from "../core/quota/memory-swap.ts";
import { line, placeOf, plain } from "./limit-line.ts";

/** What a container may have of memory and swap together, and what one has that says nothing. */
export function memorySwapLine(quota: ResolvedQuota, usual: EffectiveLimits): LimitLine {
  const { most } = quota.memorySwap;
  const row = line(["memorySwap", "Memory and Swap"], most, totalText);
  const { value, origin } = usual.memorySwapBytes;
  const found = usual.memoryBytes.value === null ? null : memorySwapText(value, usual.memoryBytes.value);
  const isOther = found !== null && found !== row.text;
  return kept(quota, "memorySwap", {
    ...row,
    default: isOther ? `${found} (${placeOf(origin)})` : null,
  });
}

/** Weight and rates of a container that names none. */
export function ioLines(quota: ResolvedQuota, { io }: EffectiveLimits): readonly LimitLine[] {
  const texts = io.rates.map(ioRateText);
  const [first] = io.rates;
  const rates = plain("ioRates", "I/O Rates", null, first === undefined ? "built-in" : placeOf(first.origin));
  return [
    kept(quota, "io.weight", line(["ioWeight", "I/O Weight"], io.weight, String, "the engine's")),
    kept(quota, "io.devices", { ...rates, value: texts, text: texts.join(", ") || "unlimited" }),
  ];
}

/** As `docker run` takes them; what the engine cannot limit is left out. */
export function ioArgs({ io, cannotLimit }: EffectiveLimits): readonly string[] {
  const { value } = io.weight;
  return [
    ...(value === null || !keeps(cannotLimit, "io.weight") ? [] : [`--blkio-weight=${value}`]),
    ...(keeps(cannotLimit, "io.devices") ? io.rates.map(rateArg) : []),
  ];
}

const rateFlags: Readonly<Record<IoRate["name"], string>> = {
  readBytesPerSecond: "--device-read-bps",
  writeBytesPerSecond: "--device-write-bps",
  readOperationsPerSecond: "--device-read-iops",
  writeOperationsPerSecond: "--device-write-iops",
};

function rateArg({ path, name, perSecond }: IoRate): string {
  return `${rateFlags[name]}=${path}:${perSecond}`;
}

/** What nobody sets needs no word on whether it would be kept to. */
function kept({ cannotLimit }: ResolvedQuota, limit: EngineLimit, row: LimitLine): LimitLine {
  if (row.origin === "built-in" || cannotLimit?.includes(limit) !== true) return row;
  return { ...row, text: `${row.text}, which the engine cannot limit`, enforced: false };
}
