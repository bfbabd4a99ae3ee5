import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { drawOperations } from "./draw-operations.ts";
import type { KeptRun } from "./kept-run.ts";
import { simulate } from "./simulate.ts";

/** How many seeds a usual run of the tests plays; more with `npm run simulate`. */
const seeds = 16;
const keptDirectory = join(import.meta.dirname, "kept");
const kept = readdirSync(keptDirectory).toSorted();

describe("a controller in a simulated world", { timeout: 300_000 }, () => {
  test(`keeps to the invariants whatever happens, under ${seeds} seeds`, async () => {
    let steps = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const result = await simulate(seed);
      expect(result).toMatchObject({ seed, violation: null });
      steps += result.steps;
    }
    expect(steps).toBeGreaterThan(seeds * 100);
  });

  test.each(kept)("has learned from %s", async (file) => {
    const { seed, operations } = JSON.parse(readFileSync(join(keptDirectory, file), "utf8")) as KeptRun;
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
