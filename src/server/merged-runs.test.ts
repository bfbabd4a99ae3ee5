import { expect, it } from "vitest";
import { mergeRuns } from "./merged-runs.ts";

it("merges the calls during a run into one run after it, and goes on after a failure", async () => {
  const ends: ((failed: boolean) => void)[] = [];
  const merged = mergeRuns(
    () =>
      new Promise((resolve, reject) => {
        ends.push((failed) => (failed ? reject(new Error("engine down")) : resolve()));
      }),
  );
  const first = merged();
  const second = merged();
  const third = merged();
  expect(ends).toHaveLength(1);
  ends[0]?.(true);
  await expect(first).rejects.toThrow("engine down");
  await expect.poll(() => ends.length).toBe(2);
  const fourth = merged();
  ends[1]?.(false);
  await Promise.all([second, third]);
  await expect.poll(() => ends.length).toBe(3);
  ends[2]?.(false);
  await fourth;
  const fifth = merged();
  expect(ends).toHaveLength(4);
  ends[3]?.(false);
  await fifth;
});
