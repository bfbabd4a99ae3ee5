import type { ClockReading } from "../../src/core/container-clock.ts";
import type { Clock } from "../../src/ports/clock.ts";

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when a test moves it; alarms run in the order of their time. */
export class ManualClock implements Clock {
  #now: number;
  #bootedAt = 0;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(now: number = Date.parse("2026-01-05T08:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  reading(): ClockReading {
    return { boot: "manual", bootedAt: this.#bootedAt };
  }

  callAt(at: number, callback: () => void): () => void {
    const alarm: Alarm = { at, order: this.#order++, callback };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** Time of the next alarm, or undefined when none is set. */
  nextAlarm(): number | undefined {
    return this.#next()?.at;
  }

  /** Moves on by `ms`; alarms on the way run at their time, also those that others set on the way. */
  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** Moves on to `target`. An alarm whose time has already passed runs without moving the clock back. */
  advanceTo(target: number): void {
    for (let alarm = this.#next(); alarm !== undefined && alarm.at <= target; alarm = this.#next()) {
      this.#alarms.delete(alarm);
      this.#now = Math.max(this.#now, alarm.at);
      alarm.callback();
    }
    this.#now = Math.max(this.#now, target);
  }

  /** Sets the wall clock without running alarms, as an administrator or NTP does. */
  jumpTo(now: number): void {
    this.#bootedAt += now - this.#now;
    this.#now = now;
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (next === undefined || alarm.at < next.at || (alarm.at === next.at && alarm.order < next.order))
        next = alarm;
    }
    return next;
  }
}
