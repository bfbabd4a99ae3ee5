import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** What a run came to; test/run.mjs prints it as the closing line. */
export interface RunCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Projects of which at least one test ran. */
  readonly projectsWithTests: readonly string[];
}

/** Writes the counts of a run to the file that DS01_TEST_COUNTS names; silent without it. */
export class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env["DS01_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}

/** Counts tests; a file that failed outside of its tests, and an error that no test caught, are one failure each. */
function countTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): RunCounts {
  const tests = modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => ({
      state: test.result().state,
      project: module.project.name,
    })),
  );
  const count = (state: string): number => tests.filter((test) => test.state === state).length;
  const brokenModules = modules.filter(
    (module) => module.state() === "failed" && ![...module.children.allTests("failed")].length,
  );
  const ran = tests.filter((test) => test.state === "passed" || test.state === "failed");
  return {
    passed: count("passed"),
    // A test that never got to run (a hook failed before it) is no pass and no skip.
    failed: count("failed") + count("pending") + brokenModules.length + unhandledErrors.length,
    skipped: count("skipped"),
    projectsWithTests: [...new Set(ran.map((test) => test.project))],
  };
}
