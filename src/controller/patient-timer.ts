import type { Clock } from "../ports/clock.ts";

export interface PatientTimerOptions {
  readonly clock: Clock;
  /** The first pause, in milliseconds; each that follows is twice as long. */
  readonly firstPauseMs: number;
  readonly maximumPauseMs: number;
  readonly onTime: () => void;
}

/** One alarm for something that waits: soon after news of it, and after growing pauses while there are none. */
export class PatientTimer {
  readonly #options: PatientTimerOptions;
  #pauseMs: number;
  #isPlanned = false;
  #cancel: () => void = () => undefined;

  constructor(options: PatientTimerOptions) {
    this.#options = options;
    this.#pauseMs = options.firstPauseMs;
  }

  /** There is news: the alarm is in this time, in the place of the one that was planned. */
  plan(delayMs: number): void {
    this.#pauseMs = this.#options.firstPauseMs;
    this.#set(delayMs);
  }

  /** There is none: what is planned stays, else the alarm is after the next pause. */
  again(): void {
    if (this.#isPlanned) return;
    this.#set(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#options.maximumPauseMs);
  }

  #set(delayMs: number): void {
    const { clock, onTime } = this.#options;
    this.#cancel();
    this.#isPlanned = true;
    this.#cancel = clock.callAt(clock.now() + delayMs, () => {
      this.#isPlanned = false;
      onTime();
    });
  }
}
