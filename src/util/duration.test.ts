import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAge, formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    ["30s", 30_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["0.5h", 1_800_000],
    ["2d", 172_800_000],
    ["1w", 604_800_000],
    ["250ms", 250],
  ])("reads %s", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each(["", "48", "1 h", "-5m", "h", "5x", "1h 30m", "1e3s", "never"])(
    "refuses %j: a unit is a must",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it("reads back what formatDuration wrote, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe("formatAge", () => {
  it.each([
    [45_000, "45s"],
    [119_000, "119s"],
    [180_000, "3m"],
    [185_000, "3m5s"],
    [3_600_000, "60m"],
    [3 * 3_600_000 + 240_000, "3h4m"],
    [47 * 3_600_000, "47h"],
    [3 * 86_400_000, "3d"],
    [-5000, "0s"],
  ])("writes %d ms as kubectl does: %s", (ageMs, text) => {
    expect(formatAge(ageMs)).toBe(text);
  });
});
