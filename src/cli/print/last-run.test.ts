import { expect, test } from "vitest";
import { lastRunLines } from "./last-run.ts";

const run = { startedAt: "2026-03-01T13:00:00Z", finishedAt: "2026-03-01T13:55:00Z", exitCode: 3 };

test("says how the last run ended, and whether it was of the spec of now", () => {
  expect(lastRunLines(run)).toEqual([
    "ended 2026-03-01T13:55:00Z, exit code 3, started 2026-03-01T13:00:00Z",
  ]);
  expect(lastRunLines({ ...run, ofEarlierSpec: true })).toEqual([
    "ended 2026-03-01T13:55:00Z, exit code 3, started 2026-03-01T13:00:00Z, of an earlier spec",
  ]);
});
