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
  #plannedAt: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: PatientTimerOptions) {
    this.#options = options;
    this.#pauseMs = options.firstPauseMs;
  }

  /** There is news: the alarm is in this time at the latest. More news does not put it off. */
  plan(delayMs: number): void {
    const { clock, firstPauseMs } = this.#options;
    this.#pauseMs = firstPauseMs;
    if (this.#plannedAt === null || this.#plannedAt > clock.now() + delayMs) this.#set(delayMs);
  }

  /** There is none: what is planned stays, else the alarm is after the next pause. */
  again(): void {
    if (this.#plannedAt !== null) return;
    this.#set(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#options.maximumPauseMs);
  }

  #set(delayMs: number): void {
    const { clock, onTime } = this.#options;
    this.#cancel();
    this.#plannedAt = clock.now() + delayMs;
    this.#cancel = clock.callAt(this.#plannedAt, () => {
      this.#plannedAt = null;
      onTime();
    });
  }
}
