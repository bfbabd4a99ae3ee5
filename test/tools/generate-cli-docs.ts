/** Writes docs/cli.md from the verbs' own data; with --check only tells whether it is stale (exit 1). */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderCliDocs } from "./cli-docs.ts";

const path = join(import.meta.dirname, "../../docs/cli.md");
const text = await renderCliDocs();
const standing = await readFile(path, "utf8").catch((error: unknown) => {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
});
if (standing !== text) {
  if (process.argv.includes("--check")) {
    process.stderr.write("docs/cli.md: stale; run: npx tsx test/tools/generate-cli-docs.ts\n");
    process.exitCode = 1;
  } else {
    await writeFile(path, text);
    process.stderr.write("docs/cli.md: written\n");
  }
}
