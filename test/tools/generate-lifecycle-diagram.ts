/** Writes the generated part of docs/lifecycle.md; with --check only tells whether it is stale (exit 1). */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLifecycle } from "./lifecycle-diagram.ts";

const path = join(import.meta.dirname, "../../docs/lifecycle.md");
const standing = await readFile(path, "utf8");
const text = withLifecycle(standing);
if (standing !== text) {
  if (process.argv.includes("--check")) {
    process.stderr.write("docs/lifecycle.md: stale; run: npm run gen\n");
    process.exitCode = 1;
  } else {
    await writeFile(path, text);
    process.stderr.write("docs/lifecycle.md: written\n");
  }
}
