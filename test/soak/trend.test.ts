import { expect, test } from "vitest";
import { growthPerHour, renderVerdicts, secondHalf } from "./trend.ts";

const minute = 60_000;
const points = (values: readonly number[]): { at: number; value: number }[] =>
  values.map((value, index) => ({ at: index * minute, value }));

test("growth is what the middle of all slopes says, whatever a few points say", () => {
  expect(growthPerHour(points([10, 11, 12, 13, 14]))).toBeCloseTo(60);
  expect(growthPerHour(points([10, 11, 500, 13, 14, 15, 16]))).toBeCloseTo(60);
  expect(growthPerHour(points([7, 7, 7]))).toBe(0);
});

test("the first half of the time is left out", () => {
  expect(secondHalf(points([1, 2, 3, 4, 5])).map(({ value }) => value)).toEqual([3, 4, 5]);
});

test("one bound that is missed makes the whole report bad, a figure without a bound does not", () => {
  const figure = { name: "p99", found: "3 ms", bound: "-", good: null };
  const met = { name: "memory", found: "1 %", bound: "10 %", good: true };
  expect(renderVerdicts([figure, met]).good).toBe(true);
  const { good, text } = renderVerdicts([figure, met, { ...met, good: false }]);
  expect(good).toBe(false);
  expect(text).toContain("| memory | 1 % | 10 % | MISSED |");
});
