import type { ClockReading } from "../core/container-clock.ts";

/** Wall clock for display and deadlines; tests use a manual one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Where the wall clock stands against time that nobody sets; null where that cannot be known. */
  reading(): ClockReading | null;
  /** Calls back at or soon after `at` (milliseconds since the epoch); the result cancels it. */
  callAt(at: number, callback: () => void): () => void;
}
