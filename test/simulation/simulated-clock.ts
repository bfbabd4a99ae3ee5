import type { ClockReading } from "../../src/core/container-clock.ts";
import type { Clock } from "../../src/ports/clock.ts";

interface Alarm {
  /** By the wall clock. */
  readonly at: number;
  /** By the time that nobody can set: when it rings although the wall clock was set back. */
  readonly latest: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A wall clock that can be set, over a time that only goes on; alarms behave as those of the system clock, which
 * ring when the wall clock says so, and no later than it was when they were set. One alarm rings at a time.
 */
export class SimulatedClock implements Clock {
  /** Milliseconds that have gone by since the beginning. */
  elapsed = 0;
  /** When the wall clock was set last, in time that has gone by. */
  jumpedAt = -Infinity;
  #wall: number;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(wall: number = Date.parse("2026-01-05T08:00:00Z")) {
    this.#wall = wall;
  }

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#wall;
  }

  reading(): ClockReading {
    return { boot: "simulated", bootedAt: this.#wall - this.elapsed };
  }

  callAt(at: number, callback: () => void): () => void {
    const latest = this.elapsed + Math.max(0, at - this.#wall);
    const alarm: Alarm = { at, latest, order: this.#order++, callback };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  /** In so many milliseconds the next alarm rings, 0 when one is due; Infinity when none is set. */
  untilNext(): number {
    const next = this.#next();
    return next === undefined ? Infinity : Math.max(0, this.#dueAt(next) - this.elapsed);
  }

  /** Rings the next alarm if it is due. */
  ring(): void {
    const next = this.#next();
    if (next === undefined || this.#dueAt(next) > this.elapsed) return;
    this.#alarms.delete(next);
    next.callback();
  }

  /** Lets time pass; nothing rings by itself. */
  pass(milliseconds: number): void {
    this.elapsed += milliseconds;
    this.#wall += milliseconds;
  }

  /** Somebody sets the wall clock. */
  jump(milliseconds: number): void {
    this.jumpedAt = this.elapsed;
    this.#wall += milliseconds;
  }

  #dueAt({ at, latest }: Alarm): number {
    return Math.min(latest, this.elapsed + (at - this.#wall));
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (next === undefined) next = alarm;
      else {
        const difference = this.#dueAt(alarm) - this.#dueAt(next);
        if (difference < 0 || (difference === 0 && alarm.order < next.order)) next = alarm;
      }
    }
    return next;
  }
}
