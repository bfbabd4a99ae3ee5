/** Writes crd-like-schemas/ from the schemas in src/api; with --check only tells what is stale (exit 1). */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crdFiles } from "../../src/api/crd.ts";
import { jsonSchemaFiles } from "../../src/api/json-schema.ts";

const directory = join(import.meta.dirname, "../../crd-like-schemas");
const check = process.argv.includes("--check");
const files: Readonly<Record<string, string>> = { ...jsonSchemaFiles(), ...crdFiles() };

await mkdir(directory, { recursive: true });
const present = await readdir(directory);
const stale: string[] = [];
for (const [name, text] of Object.entries(files)) {
  const path = join(directory, name);
  const standing = present.includes(name) ? await readFile(path, "utf8") : undefined;
  if (standing === text) continue;
  stale.push(name);
  if (!check) await writeFile(path, text);
}
const generated = /\.(?:schema\.json|crd\.yaml)$/;
for (const name of present.filter((one) => generated.test(one) && !(one in files))) {
  stale.push(`${name} (no such kind)`);
  if (!check) await rm(join(directory, name));
}

if (stale.length > 0) {
  const did = check ? "stale; run: npx tsx test/tools/generate.ts" : "written";
  process.stderr.write(stale.map((name) => `crd-like-schemas/${name}: ${did}\n`).join(""));
}
if (check && stale.length > 0) process.exitCode = 1;
