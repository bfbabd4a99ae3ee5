import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { apiVersion } from "../../src/api/names.ts";
import { parseSpecText } from "../../src/api/parse.ts";
import { renderProblems } from "../../src/api/render-problems.ts";
import { commonOptions } from "../../src/cli/command.ts";
import { verbByName } from "../../src/cli/verb-list.ts";
import { anchorOf, markdownParts } from "./markdown.ts";
import type { FencedBlock } from "./markdown.ts";

const leftOut = new Set(["node_modules", "dist", ".git", "coverage"]);
/** Folders whose paths in running text must exist; names below specs/ are often only examples. */
const pathSpan = /^(?:src|test|docs|examples|deploy|crd-like-schemas|\.ci)\/[\w./-]*$/;
const commandLanguages = new Set(["sh", "console", "shell", "bash"]);

/** Every file of the project below a root, as relative paths. */
export function projectFiles(root: string): readonly string[] {
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return leftOut.has(entry.name) ? [] : walk(path);
      return entry.isFile() ? [path] : [];
    });
  return walk(".");
}

/** What is wrong with the specs that a Markdown file shows: `path:line:column: error: ...`. */
export function specFaults(root: string, path: string): readonly string[] {
  return specBlocks(root, path).flatMap(({ text, line }) => {
    // Line numbers become those of the page.
    const placed = "\n".repeat(line - 1) + text;
    const { problems } = parseSpecText(placed, { path });
    return problems.length === 0 ? [] : [renderProblems(problems, placed)];
  });
}

/** The YAML blocks of a Markdown file that have our apiVersion. */
export function specBlocks(root: string, path: string): readonly FencedBlock[] {
  return markdownParts(readFileSync(join(root, path), "utf8")).blocks.filter(
    ({ language, text }) => /^ya?ml$/.test(language) && text.includes(`apiVersion: ${apiVersion}`),
  );
}

/** Links, anchors and paths of a Markdown file that lead nowhere. */
export function linkFaults(root: string, path: string): readonly string[] {
  const { links, codeSpans } = markdownParts(readFileSync(join(root, path), "utf8"));
  const brokenLinks = links.flatMap((link) => linkFault(root, path, link) ?? []);
  const brokenPaths = codeSpans
    .filter((code) => pathSpan.test(code))
    .filter((code) => !existsSync(join(root, code)) && !existsSync(join(root, dirname(path), code)))
    .map((code) => `${path}: no such file: ${code}`);
  return [...brokenLinks, ...brokenPaths];
}

/** Files of the project that a Markdown file links to. */
export function linkedFiles(root: string, path: string): readonly string[] {
  return markdownParts(readFileSync(join(root, path), "utf8"))
    .links.filter(isRelative)
    .map((link) => relative(root, join(root, dirname(path), link.replace(/#.*$/, ""))))
    .filter((target) => target.endsWith(".md") && existsSync(join(root, target)));
}

/** Commands shown in a Markdown file that do not exist: verbs and flags of ds01, scripts of npm. */
export async function commandFaults(root: string, path: string): Promise<readonly string[]> {
  const { blocks, codeSpans } = markdownParts(readFileSync(join(root, path), "utf8"));
  const lines = [
    ...blocks
      .filter((block) => commandLanguages.has(block.language))
      .flatMap((block) => block.text.split("\n")),
    ...codeSpans,
  ];
  const faults = await Promise.all(lines.map(async (line) => commandFault(root, line)));
  return faults.flatMap((fault) => (fault === undefined ? [] : [`${path}: ${fault}`]));
}

function isRelative(link: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(link);
}

function linkFault(root: string, path: string, link: string): string | undefined {
  if (!isRelative(link) && !link.startsWith("#")) return undefined;
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path : join(dirname(path), file);
  if (!existsSync(join(root, target))) return `${path}: the link ${link} leads nowhere`;
  if (anchor === undefined || anchor === "" || !target.endsWith(".md")) return undefined;
  const { headings } = markdownParts(readFileSync(join(root, target), "utf8"));
  return headings.some((title) => anchorOf(title) === anchor)
    ? undefined
    : `${path}: ${link}: ${target} has no such heading`;
}

async function commandFault(root: string, line: string): Promise<string | undefined> {
  const script = /\bnpm run (?:--silent )?([a-z][\w:-]*)/.exec(line)?.[1];
  if (script !== undefined) {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    if (!(script in scripts)) return `npm run ${script}: package.json has no such script`;
  }
  const [, name, rest = ""] = /^\s*(?:\$ )?(?:sudo )?(?:npx )?ds01 ([a-z][a-z-]*)(.*)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const verb = verbByName(name);
  if (verb === undefined) return name === "help" ? undefined : `ds01 ${name}: no such verb`;
  const known = { ...(await verb.load()).options, ...commonOptions };
  // What stands behind `--`, a pipe or a comment is not ours.
  const own = rest.split(/ (?:--|[|#&>]+)(?= |$)|;/)[0] ?? "";
  const unknown = [...own.matchAll(/(?:^|\s)--([a-z][\w-]*)/g)].map(([, flag = ""]) => flag);
  const wrong = unknown.find((flag) => !(flag in known));
  return wrong === undefined ? undefined : `ds01 ${name} --${wrong}: no such flag`;
}
