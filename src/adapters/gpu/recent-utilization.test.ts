import { expect, test } from "vitest";
import { RecentUtilization } from "./recent-utilization.ts";

const minute = 60_000;

test("the first number stands for itself, later ones fade in and out over minutes", () => {
  const recent = new RecentUtilization();
  expect(recent.add("GPU-0", 100, 0)).toBe(100);
  expect(recent.add("GPU-0", 0, 5 * minute)).toBe(50);
  expect(recent.add("GPU-0", 0, 10 * minute)).toBe(25);
  expect(recent.add("GPU-0", 0, 60 * minute)).toBe(0);
});

test("what is not known changes nothing, and is unknown while nothing was known", () => {
  const recent = new RecentUtilization();
  expect(recent.add("GPU-0", null, 0)).toBeNull();
  expect(recent.add("GPU-1", 40, 0)).toBe(40);
  expect(recent.add("GPU-1", null, minute)).toBe(40);
});

test("how often one looks does not matter", () => {
  const [often, seldom] = [new RecentUtilization(), new RecentUtilization()];
  often.add("GPU-0", 80, 0);
  seldom.add("GPU-0", 80, 0);
  for (let second = 1; second <= 300; second += 1) often.add("GPU-0", 0, second * 1000);
  expect(often.add("GPU-0", 0, 5 * minute)).toBe(seldom.add("GPU-0", 0, 5 * minute));
});
