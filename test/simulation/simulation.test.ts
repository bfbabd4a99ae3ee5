import { describe, expect, test } from "vitest";
import { drawOperations } from "./draw-operations.ts";
import { keptRun, keptRuns } from "./kept-run.ts";
import { simulate } from "./simulate.ts";
import { usualSeeds } from "./usual-seeds.ts";

describe("a controller in a simulated world", { timeout: 300_000 }, () => {
  test(`keeps to the invariants whatever happens, under ${usualSeeds} seeds`, async () => {
    let steps = 0;
    for (let seed = 1; seed <= usualSeeds; seed += 1) {
      const result = await simulate(seed);
      expect(result).toMatchObject({ seed, violation: null });
      steps += result.steps;
    }
    expect(steps).toBeGreaterThan(usualSeeds * 100);
  });

  test.each(keptRuns())("has learned from %s", async (file) => {
    const { seed, operations } = keptRun(file);
    expect((await simulate(seed, { operations })).violation).toBeNull();
  });

  test("does the same under the same seed, to the last line", async () => {
    const play = async (): Promise<readonly string[]> => {
      const lines: string[] = [];
      await simulate(3, { onLine: (line) => lines.push(line) });
      return lines;
    };
    const first = await play();
    expect(first.length).toBeGreaterThan(100);
    expect(await play()).toEqual(first);
  });

  test("meets every kind of operation within a thousand seeds", () => {
    const drawn = new Set<string>();
    for (let seed = 0; seed < 1000; seed += 1)
      for (const { operation } of drawOperations(seed)) drawn.add(operation.do);
    expect(drawn.size).toBe(25);
  });
});
