/** The kubelet's crash-loop curve with ds01's first restart at once: 0, 10 s, 20 s, ... 300 s (KEP-4603). */
export const restartBackoff = { initialMs: 10_000, maximumMs: 300_000, forgetAfterMs: 600_000 } as const;

/** Retry curve of steps that failed: 1 s doubling to 5 min. */
export const stepBackoff = { baseMs: 1000, maximumMs: 300_000 } as const;

/** Delay before restart number `attempts` (0 is the first, which is immediate), in milliseconds. */
export function restartDelayMs(attempts: number): number {
  if (attempts <= 0) return 0;
  return Math.min(restartBackoff.maximumMs, restartBackoff.initialMs * 2 ** Math.min(attempts - 1, 30));
}

/** Doubling delay for faults, from `baseMs` to `maximumMs`. */
export function faultDelayMs(failures: number, baseMs = 200, maximumMs = 60_000): number {
  return Math.min(maximumMs, baseMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
}
