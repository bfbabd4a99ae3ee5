import type { QuotaSpecSpec, ResourceLimits } from "../../api/quota.ts";
import { formatBytes, parseBytes } from "../../util/quantity.ts";
import type { FieldOf } from "./grants.ts";
import type { Origin, ResolvedQuota, Sourced, Violation } from "./limits.ts";
import { allowing, at, type Subject } from "./violation-words.ts";

/** Memory and swap together, as written; null: nobody says it. */
type Total = number | "none" | "unlimited" | null;

const fieldName = "spec.resources.memorySwap";

/** What a quota says about memory and swap together. */
export interface ResolvedMemorySwap {
  readonly usual: Sourced<Total>;
  readonly most: Sourced<Total>;
}

/** Looks up both in the quotas that apply. */
export function resolveMemorySwap(field: FieldOf): ResolvedMemorySwap {
  const total = (which: "default" | "max"): Sourced<Total> =>
    field<Total>(
      `spec.perContainer.${which}.memorySwap`,
      (spec: QuotaSpecSpec) => totalOf(spec.perContainer?.[which]?.memorySwap),
      null,
    );
  return { usual: total("default"), most: total("max") };
}

/**
 * Bytes of memory and swap together: what the spec says, else the quota's default within its maximum, else its
 * maximum, else as much as memory, which is no swap. null is unlimited, as it is without a limit of memory:
 * Docker keeps no limit of swap alone. What a quota gives is never less than the memory.
 */
export function effectiveMemorySwap(
  written: ResourceLimits["memorySwap"],
  { memorySwap: { usual, most } }: Pick<ResolvedQuota, "memorySwap">,
  memory: Sourced<number | null>,
  specOrigin: Origin,
): Sourced<number | null> {
  const { value: memoryBytes } = memory;
  if (memoryBytes === null) return memory;
  const inBytes = (total: Total): number | null => {
    if (total === "unlimited") return null;
    return typeof total === "number" ? total : memoryBytes;
  };
  const own = totalOf(written);
  if (own !== undefined) return { value: inBytes(own), origin: specOrigin };
  const { value: given, origin } = usual.value === null ? most : lowerOf(usual, most, inBytes);
  const bytes = inBytes(given);
  return { value: bytes === null ? null : Math.max(bytes, memoryBytes), origin };
}

/** A total of a spec above the quota's, or below the memory that goes into it. */
export function memorySwapViolations(
  { spec, quota, facts }: Subject,
  memory: Sourced<number | null>,
): readonly Violation[] {
  const written = totalOf(spec.resources?.memorySwap);
  if (written === undefined || written === null) return [];
  const asks = `${facts.object} asks for memorySwap ${totalText(written)}, memory and swap together`;
  const below = problemBelow(written, memory);
  if (below !== null)
    return [{ reason: "MemorySwapBelowMemory", field: fieldName, message: `${asks}; ${below}` }];
  const { value: most, origin } = quota.memorySwap.most;
  if (most === null || most === "unlimited" || written === "none") return [];
  const bound = Math.max(most === "none" ? 0 : most, memory.value ?? 0);
  if (written !== "unlimited" && written <= bound) return [];
  const allowed = most === "none" ? "no swap" : formatBytes(most);
  const message = `${asks}; ${allowing(origin)} ${allowed} in one container${at(origin)}: lower ${fieldName} or ask an admin`;
  return [{ reason: "ExceedsMaxQuota", field: fieldName, message }];
}

/** Why there cannot be such a total; Docker has no limit of swap alone. */
function problemBelow(
  written: number | "none" | "unlimited",
  { value, origin }: Sourced<number | null>,
): string | null {
  if (written === "unlimited") return null;
  if (value === null) {
    return `its memory has no limit, and there is none of swap alone: set spec.resources.memory, or remove ${fieldName}`;
  }
  if (written === "none" || written >= value) return null;
  const place = origin.from === "quota" ? at(origin) : "";
  return `its memory is ${formatBytes(value)}${place}: raise ${fieldName}, or lower spec.resources.memory`;
}

/** `48Gi`, or a word. */
export function totalText(total: number | string): string {
  return typeof total === "number" ? formatBytes(total) : total;
}

/** What there is of swap beside the memory, for people. */
export function memorySwapText(memorySwapBytes: number | null, memoryBytes: number | null): string {
  if (memorySwapBytes === null) return "unlimited";
  return memorySwapBytes === memoryBytes ? "none" : formatBytes(memorySwapBytes);
}

function totalOf(written: ResourceLimits["memorySwap"]): Total | undefined {
  return written === "none" || written === "unlimited" || written === undefined
    ? written
    : parseBytes(written);
}

function lowerOf(
  usual: Sourced<Total>,
  most: Sourced<Total>,
  inBytes: (total: Total) => number | null,
): Sourced<Total> {
  if (most.value === null) return usual;
  const [given, bound] = [inBytes(usual.value), inBytes(most.value)];
  return bound !== null && (given === null || given > bound) ? most : usual;
}
