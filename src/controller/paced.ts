import type { Clock } from "../ports/clock.ts";

export interface PacedOptions {
  readonly clock: Clock;
  /** The shortest time between two runs (milliseconds). */
  readonly everyMs: number;
  readonly run: () => void;
}

/** Runs something that may be asked for often: the first time at once, then now and then, and never loses the last. */
export class Paced {
  readonly #options: PacedOptions;
  #ranAt: number | null = null;
  #cancel: (() => void) | null = null;

  constructor(options: PacedOptions) {
    this.#options = options;
  }

  /** Runs it as soon as that is allowed. */
  soon(): void {
    const { clock, everyMs } = this.#options;
    const dueAt = (this.#ranAt ?? -Infinity) + everyMs;
    if (dueAt <= clock.now()) this.now();
    else this.#cancel ??= clock.callAt(dueAt, () => this.now());
  }

  /** Runs it now, which also does what was asked for before. */
  now(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#ranAt = this.#options.clock.now();
    this.#options.run();
  }
}
