import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderCliDocs } from "./tools/cli-docs.ts";

test("docs/cli.md is what the verbs say now; if not: npx tsx test/tools/generate-cli-docs.ts", async () => {
  expect(await readFile(join(import.meta.dirname, "../docs/cli.md"), "utf8")).toBe(await renderCliDocs());
});
