import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { exception, heavyPackages, impureWords, layerRules, localFiles } from "./layer-rules.ts";
import type { LayerRule } from "./layer-rules.ts";
import { importsOf, withoutComments } from "./source-file.ts";
import type { ImportStatement } from "./source-file.ts";

const linesMax = 300;
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:(?:\.property)?\.test)?\.ts$/;

/** What a look at a source tree found. */
export interface ArchitectureReport {
  /** Files looked at, tests included, as paths below src. */
  readonly files: readonly string[];
  /** `path: what is wrong`, in the order of the files. */
  readonly violations: readonly string[];
}

interface SourceFile {
  /** Path below src. */
  readonly path: string;
  readonly layer: string;
  readonly text: string;
}

/** Holds the files below `ROOT/src` to DESIGN's layers and conventions. */
export function checkArchitecture(root: string): ArchitectureReport {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .toSorted((one, other) => one.localeCompare(other))
    .map((path) => ({
      path,
      layer: path.split("/")[0] ?? path,
      text: readFileSync(join(root, "src", path), "utf8"),
    }));
  return { files: files.map((file) => file.path), violations: files.flatMap(violationsOf) };
}

/** Heavy packages that are loaded with the entry files, each with the chain of files that loads it. */
export function heavyPackagesBehind(root: string, entries: readonly string[]): readonly string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const follow = (path: string, chain: readonly string[]): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const imports = importsOf(path, readFileSync(join(root, "src", path), "utf8"));
    for (const { specifier, path: next, kind } of imports) {
      if (kind !== "static") continue;
      if (next !== null) follow(next, [...chain, path]);
      else if (heavyPackages.includes(packageName(specifier))) {
        found.push([...chain, path, specifier].join(" -> "));
      }
    }
  };
  for (const entry of entries) follow(entry, []);
  return found;
}

function violationsOf(file: SourceFile): readonly string[] {
  const rule = layerRules[file.layer];
  const isTest = file.path.endsWith(".test.ts");
  const wrong = [
    ...nameFaults(file),
    ...(rule === undefined ? [`"${file.layer}" is no layer (test/support/layer-rules.ts)`] : []),
    // Tests may use what they like: the doubles of test/support, vitest, the clock.
    ...(isTest || rule === undefined ? [] : [...importFaults(file, rule), ...textFaults(file, rule)]),
  ];
  return wrong.map((what) => `${file.path}: ${what}`);
}

function nameFaults({ path }: SourceFile): readonly string[] {
  const folders = path.split("/").slice(0, -1);
  return [
    ...(kebabCase.test(basename(path)) ? [] : ["the name is not kebab-case"]),
    ...folders
      .filter((folder) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(folder))
      .map((folder) => `the folder name "${folder}" is not kebab-case`),
    ...(/(?:^|\/)(?:index|utils?|helpers?)\.ts$/.test(path) ? ["named after nothing it exports"] : []),
  ];
}

function importFaults(file: SourceFile, rule: LayerRule): readonly string[] {
  return importsOf(file.path, file.text).flatMap((one) => importFault(file, rule, one) ?? []);
}

function importFault(file: SourceFile, rule: LayerRule, one: ImportStatement): string | undefined {
  if (one.specifier === "") return "import() of something that is no literal";
  if (one.path === null) return packageFault(file, rule, one.specifier);
  const target = one.path.split("/")[0] ?? one.path;
  if (target === file.layer || rule.layers.includes(target)) return undefined;
  const isException = file.path === exception.from && one.path === exception.to && one.kind === "dynamic";
  return isException ? undefined : `${file.layer} must not import ${one.path} (${one.kind})`;
}

function packageFault(file: SourceFile, { packages }: LayerRule, specifier: string): string | undefined {
  const allowed = [...(packages ?? []), ...(localFiles[file.path]?.packages ?? [])];
  if (packages === null || allowed.includes(packageName(specifier))) return undefined;
  const isLocal = Object.values(localFiles).some((local) => local.packages.includes(specifier));
  const how = file.layer === "cli" && isLocal ? ": ask the API, or say why not (localFiles)" : "";
  return `${file.layer} must not import the package ${specifier}${how}`;
}

function textFaults({ text }: SourceFile, rule: LayerRule): readonly string[] {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const code = withoutComments(text);
  return [
    ...(lines > linesMax ? [`${lines} lines, more than ${linesMax}`] : []),
    ...(/^export default\b|^export \{[^}]*\bas default\b/m.test(code) ? ["a default export"] : []),
    ...(/^export (?:type )?(?:\*|\{[^}]*\}) from\b/m.test(code) ? ["a re-export"] : []),
    ...(rule.pure ? impureWords.filter(([pattern]) => pattern.test(code)).map(([, what]) => what) : []),
  ];
}

function packageName(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
