/** True when `at` is less than `withinMs` ago; one that lies ahead by as much is not: the clock was set back. */
export function isRecent(at: number, now: number, withinMs: number): boolean {
  return Math.abs(now - at) < withinMs;
}
