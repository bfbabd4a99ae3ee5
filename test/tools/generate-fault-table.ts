/** Writes the table of docs/reliability.md; with --check only tells whether it is stale (exit 1). */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFaultRecords, withFaultTable } from "./fault-table.ts";

const path = join(import.meta.dirname, "../../docs/reliability.md");
const standing = await readFile(path, "utf8");
const text = withFaultTable(standing, readFaultRecords());
if (standing !== text) {
  if (process.argv.includes("--check")) {
    process.stderr.write("docs/reliability.md: stale; run: npm run gen\n");
    process.exitCode = 1;
  } else {
    await writeFile(path, text);
    process.stderr.write("docs/reliability.md: written\n");
  }
}
