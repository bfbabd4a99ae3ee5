import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/ds01-e2e");
const keepMs = 3_600_000;
const inputs = ["package.json", "tsconfig.json", "tsconfig.build.json", "esbuild.config.mjs"];

/**
 * The main file of ds01 built from the sources as they are now, as users run it. Built once for equal sources, in
 * a folder of its own, so that neither a stale dist nor a build beside the tests is tested by mistake.
 */
export function builtProgram(): string {
  const folder = join(cache, fingerprint());
  const main = join(folder, "dist/cli/main.js");
  if (existsSync(main)) return main;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  // Types are the business of check:types; here they only cost time.
  const compile = ["-p", "tsconfig.build.json", "--noCheck", "--outDir", join(draft, "dist")];
  execFileSync(join(root, "node_modules/.bin/tsc"), compile, { cwd: root });
  execFileSync(process.execPath, ["esbuild.config.mjs", join(draft, "dist/cli")], { cwd: root });
  copyFileSync(join(root, "package.json"), join(draft, "package.json"));
  removeOld();
  if (existsSync(main)) rmSync(draft, { recursive: true });
  else renameSync(draft, folder);
  return main;
}

/** Younger ones may belong to tests that run beside these. */
function removeOld(): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > keepMs)
      rmSync(path, { recursive: true, force: true });
  }
}

function fingerprint(): string {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const path of [...inputs.map((name) => join(root, name)), ...sources])
    hash.update(path).update(readFileSync(path));
  return hash.digest("hex").slice(0, 16);
}
