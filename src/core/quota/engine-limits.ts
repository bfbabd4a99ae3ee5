/** Limits that an engine may be unable to keep, because its kernel cannot. */
export const engineLimits = ["memorySwap", "io.weight", "io.devices"] as const;
export type EngineLimit = (typeof engineLimits)[number];

/** What the engine cannot limit; null while it was not asked, and then nothing is concluded from it. */
export type CannotLimit = readonly EngineLimit[] | null;

/** Whether a limit is kept to, and may be compared with what a container has. */
export function keeps(cannotLimit: CannotLimit | undefined, limit: EngineLimit): boolean {
  return cannotLimit === undefined || (cannotLimit !== null && !cannotLimit.includes(limit));
}
