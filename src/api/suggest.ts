import { formatBytes, parseBytes, parseCpus } from "../util/quantity.ts";
import { parseDuration } from "../util/duration.ts";

const amountAndUnit = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i;

/** Quantities that were probably meant by `32 GB`, `32gb`, `1,5Gi` or a bare number; empty when nothing is near. */
export function suggestBytes(written: string | number): readonly string[] {
  const match = amountAndUnit.exec(String(written));
  if (match === null) return [];
  const amount = (match[1] ?? "").replace(",", ".");
  const unit = (match[2] ?? "").toLowerCase();
  if (unit === "" || unit === "b" || unit === "bytes") {
    const bytes = Number(amount);
    return bytes >= 2 ** 20 ? [formatBytes(bytes)] : valid([`${amount}Gi`, `${amount}G`], parseBytes);
  }
  const binary = /^([kmgt])ib?$/.exec(unit);
  if (binary !== null) return valid([`${amount}${prefix(binary[1])}i`], parseBytes);
  const either = /^([kmgt])(?:b|bytes?)?$/.exec(unit);
  return either === null
    ? []
    : valid([`${amount}${prefix(either[1])}i`, `${amount}${decimalPrefix(either[1])}`], parseBytes);
}

const durationUnits: readonly (readonly [RegExp, string])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/, "ms"],
  [/^(?:s|secs?|seconds?)$/, "s"],
  [/^(?:m|mins?|minutes?)$/, "m"],
  [/^(?:h|hrs?|hours?)$/, "h"],
  [/^(?:d|days?)$/, "d"],
  [/^(?:w|wks?|weeks?)$/, "w"],
];

/** Durations that were probably meant by `8`, `30 min` or `1h 30m`; empty when nothing is near. */
export function suggestDurations(written: string | number): readonly string[] {
  const text = String(written).trim().toLowerCase();
  if (/^\d+(?:\.\d+)?$/.test(text)) return [`${text}s`, `${text}m`, `${text}h`];
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*)+$/.test(text)) return [];
  let duration = "";
  for (const [, amount, word] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const unit = durationUnits.find(([pattern]) => pattern.test(word ?? ""))?.[1];
    if (unit === undefined) return [];
    duration += `${amount}${unit}`;
  }
  return valid([duration], parseDuration);
}

/** CPU quantities that were probably meant by `8 cores` or `0,5`; empty when nothing is near. */
export function suggestCpus(written: string | number): readonly string[] {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(m?)\s*(?:v?cpus?|cores?)?\s*$/i.exec(String(written));
  if (match === null) return [];
  return valid([`${(match[1] ?? "").replace(",", ".")}${(match[2] ?? "").toLowerCase()}`], parseCpus);
}

function valid(
  candidates: readonly string[],
  parse: (text: string) => number | undefined,
): readonly string[] {
  return candidates.filter((candidate) => (parse(candidate) ?? 0) > 0);
}

function prefix(letter: string | undefined): string {
  return (letter ?? "").toUpperCase();
}

function decimalPrefix(letter: string | undefined): string {
  return letter === "k" ? "k" : prefix(letter);
}
