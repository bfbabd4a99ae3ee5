import { expect, test } from "vitest";
import type { Clock } from "../ports/clock.ts";
import { PatientTimer } from "./patient-timer.ts";

/** Alarms as they are set, the last one last; none rings by itself. */
class SetAlarms implements Clock {
  readonly delays: number[] = [];
  #ring: () => void = () => undefined;

  now(): number {
    return 0;
  }

  reading(): null {
    return null;
  }

  callAt(at: number, callback: () => void): () => void {
    this.delays.push(at);
    this.#ring = callback;
    return () => undefined;
  }

  ring(): void {
    this.#ring();
  }
}

test("pauses grow up to the longest while there is no news, and start anew with some", () => {
  const clock = new SetAlarms();
  let times = 0;
  const timer = new PatientTimer({
    clock,
    firstPauseMs: 3,
    maximumPauseMs: 20,
    onTime: () => (times += 1),
  });
  timer.plan(0);
  // What is planned is not put off.
  timer.again();
  timer.again();
  expect(clock.delays).toEqual([0]);
  for (let look = 0; look < 5; look += 1) {
    clock.ring();
    timer.again();
  }
  expect(clock.delays).toEqual([0, 3, 6, 12, 20, 20]);
  expect(times).toBe(5);
  timer.plan(1);
  // Nor is it by news of something else, as it comes all the time.
  timer.plan(3);
  expect(clock.delays.slice(-2)).toEqual([20, 1]);
  clock.ring();
  timer.again();
  expect(clock.delays.slice(-2)).toEqual([1, 3]);
});
