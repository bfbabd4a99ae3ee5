import type { RecentUse } from "./queue-order.ts";

/** After this time half of a use is forgotten (Slurm's and Kueue's default). */
export const halfLifeMs = 7 * 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;
/** Less than this is not remembered, in GPU-equivalent hours: a name must not stay for ever. */
const forgottenHours = 0.01;

/** What everybody has used, decayed to one moment: GPU-equivalent hours by namespace. */
export interface UseHistory {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly hours: Readonly<Record<string, number>>;
}

/** The history at `now` when `held` (GPU-equivalents by namespace) was held ever since; a clock set back changes nothing. */
export function advanceUse(history: UseHistory, held: ReadonlyMap<string, number>, now: number): UseHistory {
  const elapsed = now - history.at;
  if (elapsed <= 0) return { ...history, at: now };
  const kept = 2 ** (-elapsed / halfLifeMs);
  // What is held meanwhile decays as it is used: the integral of the decay.
  const usedHours = ((1 - kept) * halfLifeMs) / Math.LN2 / hourMs;
  const hours: Record<string, number> = {};
  for (const namespace of new Set([...Object.keys(history.hours), ...held.keys()])) {
    const total = (history.hours[namespace] ?? 0) * kept + (held.get(namespace) ?? 0) * usedHours;
    if (total >= forgottenHours) hours[namespace] = total;
  }
  return { at: now, hours };
}

/** What passes between two looks that come each minute; more was seen by nobody (milliseconds). */
const mostSeenMs = 5 * 60 * 1000;

/**
 * The same for looks that come each minute. After a longer pause only the last minutes count as used: the controller was
 * held up, or the clock was set ahead, and days that never were are nobody's use.
 */
export function lookAtUse(history: UseHistory, held: ReadonlyMap<string, number>, now: number): UseHistory {
  const unseen = now - history.at - mostSeenMs;
  const from = unseen > 0 ? advanceUse(history, new Map(), history.at + unseen) : history;
  return advanceUse(from, held, now);
}

/** The history as the queue counts it: rounded, so that looking at it a moment later changes no place. */
export function recentUseOf({ hours }: UseHistory): RecentUse {
  return new Map(Object.entries(hours).map(([namespace, value]) => [namespace, Math.round(value * 10) / 10]));
}

/** A history read back from a file; empty for anything else. */
export function parseUseHistory(value: unknown, now: number): UseHistory {
  const empty = { at: now, hours: {} };
  if (typeof value !== "object" || value === null) return empty;
  const { at, hours } = value as Partial<UseHistory>;
  if (typeof at !== "number" || !Number.isFinite(at) || typeof hours !== "object" || hours === null)
    return empty;
  const valid = Object.entries(hours).filter(([, used]) => Number.isFinite(used) && used > 0);
  return { at: Math.min(at, now), hours: Object.fromEntries(valid) };
}
