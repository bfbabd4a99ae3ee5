import { describe, expect, test } from "vitest";
import { CircuitBreaker } from "./circuit-breaker.ts";

describe("CircuitBreaker", () => {
  test("opens after the given failures, lets one trial through, doubles up to the longest pause, closes", () => {
    let now = 0;
    const breaker = new CircuitBreaker({
      failuresToOpen: 3,
      pauseMs: 10,
      longestPauseMs: 25,
      now: () => now,
    });
    breaker.failed();
    breaker.failed();
    expect(breaker.waitMs()).toBe(0);
    breaker.failed();
    expect(breaker.waitMs()).toBe(10);
    now = 10;
    expect(breaker.waitMs()).toBe(0);
    breaker.failed();
    expect(breaker.waitMs()).toBe(20);
    now = 30;
    breaker.failed();
    expect(breaker.waitMs()).toBe(25);
    now = 55;
    breaker.succeeded();
    breaker.failed();
    breaker.failed();
    expect(breaker.waitMs()).toBe(0);
    breaker.failed();
    expect(breaker.waitMs()).toBe(10);
  });
});
