import { parseDuration } from "../../util/duration.ts";
import { parseBytes } from "../../util/quantity.ts";

/** Exactly these bytes as Docker writes them, in its powers of 1024: `1536Mi` is `1536m`. */
export function dockerSize(quantity: string): string {
  const bytes = parseBytes(quantity) ?? 0;
  const units = [
    ["g", 1024 ** 3],
    ["m", 1024 ** 2],
    ["k", 1024],
  ] as const;
  const fitting = units.find(([, factor]) => bytes % factor === 0);
  return fitting === undefined ? `${bytes}b` : `${bytes / fitting[1]}${fitting[0]}`;
}

/** Memory and swap together, where swap is none beside the memory unless something else is said. */
export function dockerMemorySwap(memory: string, memorySwap: string | undefined): string {
  if (memorySwap === undefined || memorySwap === "none") return dockerSize(memory);
  return memorySwap === "unlimited" ? "-1" : dockerSize(memorySwap);
}

/** A duration in whole seconds, rounded up. */
export function wholeSeconds(duration: string): number {
  return Math.ceil((parseDuration(duration) ?? 0) / 1000);
}

/** A field of a line of comma-separated values, in quotes where it needs them (RFC 4180). */
export function commaField(text: string): string {
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `-1` is Docker's word for no limit of a process. */
export function ulimitAmount(amount: number | "unlimited"): number {
  return amount === "unlimited" ? -1 : amount;
}

/** A duration as Go reads it, which knows no days and weeks. */
export function goTime(duration: string | undefined): string | undefined {
  return duration === undefined ? undefined : `${parseDuration(duration) ?? 0}ms`;
}
