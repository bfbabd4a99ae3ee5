import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Longer than either takes without a fault; what takes longer does not end (milliseconds). */
const patienceMs = 600_000;

interface Ended {
  /** Null: it did not end by itself. */
  readonly code: number | null;
  readonly output: string;
}

/** What has found a fault: a seed and its rule, or a test by its name; null: nothing has. */
export type Finding = string | null;

/** Plays seeds in the copy until one fails. */
export async function searchBySimulation(directory: string, seeds: number): Promise<Finding> {
  const command = ["--import", "tsx", "test/simulation/main.ts", "--until-found", "--seeds", String(seeds)];
  const { code, output } = await run(directory, command);
  if (code === null) return "does not end";
  const [, seed, rule] = /^seed (\d+): ([^:]+):/m.exec(output) ?? [];
  if (seed !== undefined) return `seed ${seed}, by "${rule}"`;
  if (code === 0) return null;
  throw new Error(`the simulation itself has failed:\n${output}`);
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
  const { code, output } = await run(directory, [vitest, ...options, ...tests]);
  if (code === null) return "does not end";
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as TestReport;
  const assertions = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = assertions.filter(({ status }) => status === "failed");
  const [first] = failed;
  if (first !== undefined)
    return `"${first.fullName}"${failed.length > 1 ? ` (and ${failed.length - 1} more)` : ""}`;
  if (code === 0 && testResults.length >= tests.length && assertions.length > 0) return null;
  throw new Error(`the tests themselves have failed:\n${output}`);
}

/** One run of node in the copy, ended when it takes too long. */
function run(directory: string, command: readonly string[]): Promise<Ended> {
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
