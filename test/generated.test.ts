import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { crdFiles } from "../src/api/crd.ts";
import { jsonSchemaFiles } from "../src/api/json-schema.ts";

const root = join(import.meta.dirname, "..");

test("crd-like-schemas/ is what src/api says now; if not: npx tsx test/tools/generate.ts", async () => {
  const files: Readonly<Record<string, string>> = { ...jsonSchemaFiles(), ...crdFiles() };
  const directory = join(root, "crd-like-schemas");
  const present = (await readdir(directory)).filter((name) => /\.(?:schema\.json|crd\.yaml)$/.test(name));
  expect(present.toSorted((one, other) => one.localeCompare(other))).toEqual(
    Object.keys(files).toSorted((one, other) => one.localeCompare(other)),
  );
  for (const [name, text] of Object.entries(files)) {
    expect(await readFile(join(directory, name), "utf8"), name).toBe(text);
  }
});
