import type { Clock } from "../ports/clock.ts";

/** Within this time every container is inspected once, however often there is a relist. */
const auditMs = 300_000;
/** Between two parts of it: a relist that somebody asked for does not wait for inspects. */
const pauseMs = 50_000;

/** The list lies now and then (a full disk): at each relist as many are inspected as the time since asks for. */
export class RollingAudit {
  readonly #clock: Clock;
  #at = 0;
  #until = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next ids whose turn it is. */
  due(ids: readonly string[]): readonly string[] {
    const now = this.#clock.now();
    if (ids.length === 0) this.#until = now;
    const age = Math.abs(now - this.#until);
    if (age < pauseMs) return [];
    const share = Math.min(1, age / auditMs);
    // Sums of fractions come out a hair short of whole numbers.
    const count = Math.floor(ids.length * share + 1e-6);
    if (count === 0) return [];
    // What is left of a whole inspect counts for the next time; a clock that was set back begins anew.
    this.#until = share === 1 || now < this.#until ? now : this.#until + (count / ids.length) * auditMs;
    const from = this.#at % ids.length;
    this.#at = from + count;
    return [...ids, ...ids].slice(from, from + count);
  }
}
