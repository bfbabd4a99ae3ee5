/**
 * `npm run reliability [-- FILE...]`: runs the tests that record faults (all of them, or these files), keeps what they
 * have seen, and writes docs/reliability.md anew. Ends with the exit code of the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultRecordsPath, readFaultRecords, withSeen } from "./fault-table.ts";
import type { FaultRecord } from "./fault-table.ts";

const root = join(import.meta.dirname, "../..");
const wanted = process.argv.slice(2);
const recording = ["test/e2e", "test/integration"]
  .flatMap((below) => readdirSync(join(root, below)).map((name) => `${below}/${name}`))
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => readFileSync(join(root, file), "utf8").includes("recordFault("))
  .toSorted();
const files = wanted.length === 0 ? recording : wanted;
const unknown = files.filter((file) => !recording.includes(file));
if (unknown.length > 0) throw new Error(`no tests that record faults: ${unknown.join()}`);

const folder = mkdtempSync(join(tmpdir(), "ds01-reliability-"));
try {
  const seenPath = join(folder, "seen.json");
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "engine", ...files];
  const { status } = spawnSync(process.execPath, vitest, {
    cwd: root,
    env: { ...process.env, DS01_FAULT_RECORDS: seenPath },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (!existsSync(seenPath)) throw new Error("the tests ended without a result");
  const seen = JSON.parse(readFileSync(seenPath, "utf8")) as readonly FaultRecord[];
  const records = withSeen(readFaultRecords(), files, seen);
  writeFileSync(faultRecordsPath, `${JSON.stringify(records, null, 2)}\n`);
  await import("./generate-fault-table.ts");
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
