import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkArchitecture, heavyPackagesBehind } from "./support/architecture.ts";
import { layerRules, localFiles } from "./support/layer-rules.ts";
import { importsOf } from "./support/source-file.ts";

const root = join(import.meta.dirname, "..");

test("src keeps to its layers and conventions", () => {
  const { files, violations } = checkArchitecture(root);
  expect(violations).toEqual([]);
  expect(files.length).toBeGreaterThan(80);
  const layers = new Set(files.map((path) => path.split("/")[0]));
  expect(layers).toEqual(new Set(Object.keys(layerRules)));
});

test("the command line touches this machine only where it says why", () => {
  for (const [path, { packages, why }] of Object.entries(localFiles)) {
    const imported = importsOf(path, readFileSync(join(root, "src", path), "utf8"));
    const specifiers = imported.map(({ specifier }) => specifier);
    expect({ path, unused: packages.filter((name) => !specifiers.includes(name)) }).toEqual({
      path,
      unused: [],
    });
    expect(why, path).toMatch(/\w/);
  }
});

test("ds01 get loads no heavy package", () => {
  expect(heavyPackagesBehind(root, ["cli/main.ts", "cli/verbs/get.ts"])).toEqual([]);
});

/** One file for each rule, and what must be said about it. */
const planted: readonly (readonly [path: string, text: string, said: string])[] = [
  ["util/a.ts", 'import { b } from "../api/b.ts";\n', "util must not import api/b.ts (static)"],
  ["util/b.ts", 'import { readFileSync } from "node:fs";\n', "util must not import the package node:fs"],
  ["util/c.ts", "export const at = (): number => Date.now();\n", "Date.now(): take the time as a parameter"],
  [
    "api/a.ts",
    'import { parse } from "yaml/util";\nimport pino from "pino";\n',
    "api must not import the package pino",
  ],
  ["api/b.ts", "export const at = new Date( );\n", "new Date(): take the time as a parameter"],
  ["api/c.ts", 'import type { X } from "../core/x.ts";\n', "api must not import core/x.ts (type)"],
  ["core/a.ts", "export const x = Math.random();\n", "Math.random: take the number as a parameter"],
  ["core/b.ts", 'export const home = process.env["HOME"];\n', "process: take what is needed as a parameter"],
  ["core/c.ts", "setTimeout(() => {}, 1);\n", "a timer: return when to look again"],
  ["core/d/e.ts", 'import "../../ports/clock.ts";\n', "core must not import ports/clock.ts (static)"],
  [
    "ports/a.ts",
    'import type { A } from "../adapters/a.ts";\n',
    "ports must not import adapters/a.ts (type)",
  ],
  [
    "adapters/a.ts",
    'import { x } from "../controller/x.ts";\n',
    "adapters must not import controller/x.ts (static)",
  ],
  [
    "controller/a.ts",
    'import {\n  x,\n  y,\n} from "../adapters/x.ts";\n',
    "controller must not import adapters/x.ts (static)",
  ],
  [
    "controller/b.ts",
    'const x = await import("../client/x.ts");\n',
    "controller must not import client/x.ts (dynamic)",
  ],
  ["client/a.ts", 'export { x } from "../adapters/x.ts";\n', "client must not import adapters/x.ts (static)"],
  ["client/b.ts", 'export * from "./c.ts";\n', "a re-export"],
  ["server/a.ts", 'import { x } from "../adapters/x.ts";\n', "server must not import adapters/x.ts (static)"],
  ["cli/a.ts", 'import { x } from "../core/x.ts";\n', "cli must not import core/x.ts (static)"],
  ["cli/b.ts", 'await import("../daemon.ts");\n', "cli must not import daemon.ts (dynamic)"],
  ["cli/load-daemon.ts", 'import { x } from "../daemon.ts";\n', "cli must not import daemon.ts (static)"],
  ["cli/f.ts", 'import Docker from "dockerode";\n', "cli must not import the package dockerode"],
  [
    "cli/verbs/peek.ts",
    'import { readFile } from "node:fs/promises";\n',
    "cli must not import the package node:fs/promises: ask the API, or say why not (localFiles)",
  ],
  [
    "cli/raw-terminal.ts",
    'import { readFile } from "node:fs/promises";\n',
    "cli must not import the package node:fs/promises: ask the API, or say why not (localFiles)",
  ],
  ["client/c.ts", 'import { readFileSync } from "node:fs";\n', "client must not import the package node:fs"],
  ["cli/c.ts", "await import(name);\n", "import() of something that is no literal"],
  ["cli/d.ts", "const x = 1;\nexport { x as default };\n", "a default export"],
  ["server/b.ts", "export default 1;\n", "a default export"],
  ["server/c.ts", "\n".repeat(301), "301 lines, more than 300"],
  ["server/camelCase.ts", "", "the name is not kebab-case"],
  ["server/Big_Folder/a.ts", "", 'the folder name "Big_Folder" is not kebab-case'],
  ["server/utils.ts", "", "named after nothing it exports"],
  ["manager/a.ts", "", '"manager" is no layer (test/support/layer-rules.ts)'],
];

/** What looks alike and is allowed. */
const innocent: readonly (readonly [path: string, text: string])[] = [
  [
    "core/fine.ts",
    '// Date.now() is for adapters\nconst url = "http://x"; /* Math.random() */ new Date(url);\n',
  ],
  ["core/fine.test.ts", 'import { x } from "../adapters/x.ts";\nDate.now();\n'],
  ["api/fine.ts", 'import { z } from "zod";\nimport { x } from "../util/x.ts";\n'],
  ["cli/e/fine.ts", 'import { x } from "../../client/x.ts";\nimport { join } from "node:path";\n'],
  ["cli/spec-files.ts", 'import { readFile } from "node:fs/promises";\n'],
  ["daemon.ts", 'import { x } from "./adapters/x.ts";\n'],
  ["server/fine.ts", "\n".repeat(300)],
];

test("each rule finds its planted violation and nothing else", () => {
  const folder = plant([...planted, ["cli/load-daemon.test.ts", "", ""], ...innocent]);
  const { violations } = checkArchitecture(folder);
  for (const [path, , said] of planted) expect(violations).toContain(`${path}: ${said}`);
  const paths = new Set(planted.map(([path]) => path));
  expect(violations.filter((line) => !paths.has(line.slice(0, line.indexOf(":"))))).toEqual([]);
});

test("the daemon may be imported by the one exception, when it runs", () => {
  const folder = plant([["cli/load-daemon.ts", 'await import("../daemon.ts");\n']]);
  expect(checkArchitecture(folder).violations).toEqual([]);
});

test("a heavy package behind a chain of imports is found; types and lazy imports are not", () => {
  const folder = plant([
    [
      "cli/main.ts",
      'import { a } from "../api/a.ts";\nimport type { Z } from "zod";\nawait import("yaml");\n',
    ],
    ["api/a.ts", 'export { z } from "zod/v4";\n'],
  ]);
  expect(heavyPackagesBehind(folder, ["cli/main.ts"])).toEqual(["cli/main.ts -> api/a.ts -> zod/v4"]);
});

function plant(files: readonly (readonly [path: string, text: string, ...rest: unknown[]])[]): string {
  const folder = mkdtempSync(join(tmpdir(), "ds01-architecture-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, "src", path)), { recursive: true });
    writeFileSync(join(folder, "src", path), text);
  }
  return folder;
}
