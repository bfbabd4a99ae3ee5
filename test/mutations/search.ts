import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { usualSeeds } from "../simulation/usual-seeds.ts";

/** Longer than either takes without a fault; what takes longer does not end (milliseconds). */
const usualPatienceMs = 600_000;

interface Ended {
  /** Null: it did not end by itself. */
  readonly code: number | null;
  readonly output: string;
}

/** What has found a fault: a seed and its rule, or a test by its name; null: nothing has. */
export type Finding = string | null;

/** Plays the kept runs in the copy, and seeds from 1 on, until one fails; or again a run that has failed. */
export async function searchBySimulation(
  directory: string,
  what: { readonly seeds: number } | { readonly run: string },
  patienceMs = usualPatienceMs,
): Promise<Finding> {
  const options = "seeds" in what ? untilFound(what.seeds) : oneRun(what.run);
  const command = ["--import", "tsx", "test/simulation/main.ts", ...options];
  const { code, output } = await ended(directory, command, patienceMs);
  if (code === null) return await endless(directory, what, patienceMs);
  const [, run, rule] = /^(seed \d+|kept\/\S+): ([^:]+):/m.exec(output) ?? [];
  if (run !== undefined) return `${run} (${rule})`;
  if (code === 0) return null;
  throw new Error(`the simulation itself has failed:\n${output}`);
}

/** A fault that makes it go on for ever is found; where it began to, nobody has told. */
async function endless(
  directory: string,
  what: { readonly seeds: number } | { readonly run: string },
  patienceMs: number,
): Promise<Finding> {
  if (!("seeds" in what)) return `${what.run}, and does not end`;
  if (what.seeds <= usualSeeds) return `seed ${what.seeds} or before (does not end)`;
  const usual = await searchBySimulation(directory, { seeds: usualSeeds }, patienceMs);
  return usual ?? `seed ${what.seeds} or before (does not end)`;
}

function untilFound(seeds: number | string): readonly string[] {
  return ["--kept", "--until-found", "--seeds", String(seeds)];
}

/** `seed 12 (I1)` or `kept/a-name.json (I1)`, as what plays only that; `seed 12 or before`, as what plays all of them. */
function oneRun(run: string): readonly string[] {
  const [, before] = /^seed (\d+) or before/.exec(run) ?? [];
  if (before !== undefined) return untilFound(before);
  const [, seed, kept] = /^(?:seed (\d+)|(kept\/\S+)) /.exec(run) ?? [];
  return kept === undefined ? ["--seed", String(seed)] : ["--replay", `test/simulation/${kept}`];
}

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests in the copy. A file that cannot even be loaded finds nothing: that is a mistake in the fault. */
export async function searchByTests(directory: string, tests: readonly string[]): Promise<Finding> {
  if (tests.length === 0) return null;
  const report = join(directory, "report.json");
  rmSync(report, { force: true });
  const vitest = join(directory, "node_modules/vitest/vitest.mjs");
  const options = [
    "run",
    "--project",
    "unit",
    "--testTimeout=600000",
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  const { code, output } = await ended(directory, [vitest, ...options, ...tests], usualPatienceMs);
  if (code === null) return "does not end";
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as TestReport;
  const assertions = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((assertion) => ({ ...assertion, file: relative(directory, name) })),
  );
  const [first] = assertions.filter(({ status }) => status === "failed");
  if (first !== undefined) return `${first.file}: "${first.fullName}"`;
  if (code === 0 && testResults.length >= tests.length && assertions.length > 0) return null;
  throw new Error(`the tests themselves have failed:\n${output}`);
}

/** One run of node in the copy, ended when it takes too long. */
function ended(directory: string, command: readonly string[], patienceMs: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    const texts: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => void texts.push(text));
    const patience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(patience);
      resolve({ code, output: texts.join("") });
    });
  });
}
