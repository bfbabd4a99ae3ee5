import { expect, it } from "vitest";
import { faultDelayMs, restartDelayMs } from "./backoff.ts";

it("restarts at once, then after 10 s doubling to 300 s", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 1000].map(restartDelayMs)).toEqual([
    0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000,
  ]);
});

it("backs off faults up to a minute", () => {
  expect([1, 2, 3, 20].map((failures) => faultDelayMs(failures))).toEqual([200, 400, 800, 60_000]);
});
