/** When to stop asking something that keeps failing, and when to try again. Times are milliseconds. */
export interface BreakerOptions {
  readonly failuresToOpen: number;
  /** First pause; it doubles with each failed trial up to `longestPauseMs`. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** Monotonic time. */
  readonly now: () => number;
}

/** Closed: calls go through. Open: none does until the pause is over. Then one trial closes it or doubles the pause. */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openUntil = 0;
  #pauseMs: number;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs;
  }

  /** Milliseconds until the next call may go through; 0 when it may now. */
  waitMs(): number {
    return this.#failures < this.#options.failuresToOpen
      ? 0
      : Math.max(0, this.#openUntil - this.#options.now());
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = this.#options.pauseMs;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures < this.#options.failuresToOpen) return;
    if (this.#failures > this.#options.failuresToOpen) {
      this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.longestPauseMs);
    }
    this.#openUntil = this.#options.now() + this.#pauseMs;
  }
}
