import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  commandFaults,
  linkedFiles,
  linkFaults,
  projectFiles,
  specBlocks,
  specFaults,
} from "./support/docs-check.ts";
import { withLifecycle } from "./tools/lifecycle-diagram.ts";

const root = join(import.meta.dirname, "..");
const files = projectFiles(root);
const pages = files.filter((path) => path.endsWith(".md"));
test("every page a reader needs is there and can be reached from the README", () => {
  const wanted = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "docs/architecture.md",
    "docs/cli.md",
    "docs/lifecycle.md",
    "docs/spec/containerspec.md",
    "docs/spec/quotaspec.md",
    "specs/README.md",
    "test/README.md",
  ];
  expect(wanted.filter((path) => !files.includes(path))).toEqual([]);
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    linkedFiles(root, path).forEach(follow);
  };
  follow("README.md");
  expect(pages.filter((path) => path.startsWith("docs/") && !reached.has(path))).toEqual([]);
});

test("every spec that a page shows is valid", () => {
  expect(pages.flatMap((path) => specFaults(root, path))).toEqual([]);
  expect(pages.flatMap((path) => specBlocks(root, path)).length).toBeGreaterThan(1);
});

test("every relative link, anchor and path of a page leads somewhere", () => {
  // A changelog names files that were.
  const current = pages.filter((path) => path !== "CHANGELOG.md");
  expect(current.flatMap((path) => linkFaults(root, path))).toEqual([]);
});

test("every ds01 verb and flag and every npm script that a page names exists", async () => {
  const faults = await Promise.all(pages.map(async (path) => commandFaults(root, path)));
  expect(faults.flat()).toEqual([]);
});

test("docs/lifecycle.md shows the machine as it is; if not: npm run gen", () => {
  const text = readFileSync(join(root, "docs/lifecycle.md"), "utf8");
  expect(withLifecycle(text)).toBe(text);
});

test("every example has a README", () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  expect(folders.length).toBeGreaterThan(0);
  const without = folders.filter(({ name }) => !existsSync(join(root, "examples", name, "README.md")));
  expect(without.map(({ name }) => name)).toEqual([]);
});

test("nothing is left for later in a comment", () => {
  // In two halves, or this file would find itself.
  const openEnd = new RegExp(`\\b(?:${"TO"}DO|${"FIX"}ME)\\b`);
  const texts = files.filter((path) => /\.(?:ts|mjs|md|ya?ml|sh|service)$|^\.ci\/run$/.test(path));
  expect(texts.filter((path) => openEnd.test(readFileSync(join(root, path), "utf8")))).toEqual([]);
  expect(texts.length).toBeGreaterThan(200);
});

test("the checks find what is wrong in a planted page", async () => {
  const page = [
    "# A page",
    "[good](#a-page) [gone](gone.md) [no anchor](#nowhere) ![picture](gone.png) [out](https://example.org/x)",
    "`src/gone.ts` `src/*.ts` `docs/page.md` `npm run gone` `ds01 gone`",
    "```yaml",
    "apiVersion: ds01.io/v1alpha1",
    "kind: ContainerSpec",
    "metadata: {name: train}",
    "spec: {image: x, gpu: 1}",
    "```",
    "```sh",
    "$ ds01 get containers --gone   # ds01 exec x -- --fine",
    "ds01 exec train -- python --fine",
    "```",
    "",
  ].join("\n");
  const folder = plant({ "docs/page.md": page, "package.json": '{"scripts": {}}' });
  expect(specFaults(folder, "docs/page.md").join("\n")).toContain(
    "docs/page.md:8:18: error: spec.gpu: unknown field",
  );
  expect(linkFaults(folder, "docs/page.md")).toEqual([
    "docs/page.md: the link gone.md leads nowhere",
    "docs/page.md: #nowhere: docs/page.md has no such heading",
    "docs/page.md: the link gone.png leads nowhere",
    "docs/page.md: no such file: src/gone.ts",
  ]);
  expect(await commandFaults(folder, "docs/page.md")).toEqual([
    "docs/page.md: ds01 get --gone: no such flag",
    "docs/page.md: npm run gone: package.json has no such script",
    "docs/page.md: ds01 gone: no such verb",
  ]);
});

function plant(texts: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "ds01-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
