import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { usualSeeds } from "../simulation/usual-seeds.ts";
import { isFoundByTests } from "./findings.ts";
import { fingerprint } from "./defect.ts";
import { defects } from "./defects.ts";
import { searchBySimulation } from "./search.ts";

/** Long enough for node to start on a busy machine. */
const patienceMs = 10_000;

/** A copy in which the simulation does this. */
function copyWith(simulation: string): string {
  const directory = mkdtempSync(join(tmpdir(), "ds01-search-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "test/simulation"), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  writeFileSync(join(directory, "test/simulation/main.ts"), simulation);
  symlinkSync(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
  return directory;
}

test("a fault under which the simulation does not end is found by it, also when it is played again without", async () => {
  const directory = copyWith("setInterval(() => undefined, 1000);");
  const finding = await searchBySimulation(directory, { seeds: usualSeeds }, 1000);
  expect(finding).toBe(`seed ${usualSeeds} or before (does not end)`);
  const [defect] = defects as [(typeof defects)[number]];
  const recorded = { planted: fingerprint(defect), simulation: finding, tests: null };
  expect(isFoundByTests(defect, recorded)).toBe(true);
  writeFileSync(
    join(directory, "test/simulation/main.ts"),
    'if (process.argv.slice(2).join(" ") !== "--kept --until-found --seeds 16") process.exit(3);',
  );
  expect(await searchBySimulation(directory, { run: finding ?? "" }, patienceMs)).toBeNull();
}, 60_000);
