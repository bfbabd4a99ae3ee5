/** Wall clock for display and deadlines; tests use a manual one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back at or soon after `at` (milliseconds since the epoch); the result cancels it. */
  callAt(at: number, callback: () => void): () => void;
}
