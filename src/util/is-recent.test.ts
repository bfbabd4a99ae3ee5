import { expect, test } from "vitest";
import { isRecent } from "./is-recent.ts";

test("what was asked a moment ago is recent, and not what was asked before the clock was set back", () => {
  expect(isRecent(1000, 1500, 1000)).toBe(true);
  expect(isRecent(1000, 2000, 1000)).toBe(false);
  expect(isRecent(86_400_000, 1000, 1000)).toBe(false);
  expect(isRecent(1001, 1000, 1000)).toBe(true);
});
