/** Writes the generated table of docs/spec/containerspec.md; with --check only tells whether it is stale (exit 1). */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFieldChanges } from "./field-changes.ts";

const path = join(import.meta.dirname, "../../docs/spec/containerspec.md");
const standing = await readFile(path, "utf8");
const text = withFieldChanges(standing);
if (standing !== text) {
  if (process.argv.includes("--check")) {
    process.stderr.write("docs/spec/containerspec.md: stale; run: npm run gen\n");
    process.exitCode = 1;
  } else {
    await writeFile(path, text);
    process.stderr.write("docs/spec/containerspec.md: written\n");
  }
}
