import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadlineIn } from "./deadline.ts";

const day = 24 * 60 * 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ["100 ms", 100],
  ["40 days, longer than any timer of Node,", 40 * day],
])("a deadline in %s comes then and not before", (_title, ms) => {
  const { signal } = deadlineIn(ms);
  vi.advanceTimersByTime(ms - 1);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(2);
  expect(signal.aborted).toBe(true);
});

test("a deadline that is cancelled never comes, and keeps no timer", () => {
  const { signal, cancel } = deadlineIn(40 * day);
  vi.advanceTimersByTime(30 * day);
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  expect(signal.aborted).toBe(false);
});
