import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { WrittenKind } from "../src/api/document.ts";
import { writtenKinds } from "../src/api/document.ts";
import { documentJsonSchema } from "../src/api/json-schema.ts";
import { parseSpecText } from "../src/api/parse.ts";
import { renderProblems } from "../src/api/render-problems.ts";
import { alternativesOf, fieldsBelow, literalsOf } from "../src/api/schema-node.ts";

const root = join(import.meta.dirname, "..");

async function specFiles(directory: string): Promise<string[]> {
  const entries = await readdir(join(root, directory), { recursive: true });
  return entries.filter((entry) => /\.(?:ya?ml|json)$/.test(entry)).map((entry) => join(directory, entry));
}

describe.each(writtenKinds)("docs/spec of %s", async (kind) => {
  const page = await readFile(join(root, "docs/spec", `${kind.toLowerCase()}.md`), "utf8");
  const sections = sectionsOf(page);
  const fields = fieldsBelow(documentJsonSchema(kind));

  test("has a heading for every field, in the order of the schema, and for nothing else", () => {
    expect([...sections.keys()]).toEqual(fields.map(({ path }) => path.join(".")));
  });

  test("names for every field its allowed words, its default, whether it is required, and an example that is right", () => {
    for (const { path, node } of fields) {
      const name = path.join(".");
      const section = sections.get(name) ?? "";
      for (const word of literalsOf(node)) {
        // An empty word is shown in its quotes.
        expect(section, name).toContain(`\`${word === "" ? '""' : String(word)}\``);
      }
      if (typeof node.default === "string" && node.default !== "") {
        expect(section, name).toContain(`Default: \`${node.default}\``);
      }
      if (path.length < 2) continue;
      const [, example] = /^Example: `([^`]+)`/m.exec(section) ?? [];
      if (path.at(-1) === "metadata") continue;
      expect(example, name).toBeDefined();
      expect(Object.keys(parse(example ?? "") as object), name).toEqual([path.at(-1)]);
      expect(problemsOfExample(kind, path, example ?? ""), name).toEqual([]);
    }
  });

  test("says required where the schema does", () => {
    for (const { path, node } of fields) {
      const holder = fields.find((field) => field.path.join(".") === path.slice(0, -1).join("."))?.node;
      const required = (holder?.items ?? holder ?? documentJsonSchema(kind)).required ?? [];
      const [first = ""] = (sections.get(path.join(".")) ?? "").trim().split("\n\n");
      expect(/\brequired\b/.test(first), path.join(".")).toBe(required.includes(path.at(-1) ?? ""));
      expect(alternativesOf(node).length).toBeGreaterThan(0);
    }
  });

  test("shows whole specs that are valid", () => {
    const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
    const whole = blocks.filter((block) => block.includes("kind:"));
    expect(whole.length).toBeGreaterThan(0);
    for (const block of whole) {
      const { problems } = parseSpecText(block, { path: "docs", expect: kind, namespaceFromPath: "alice" });
      expect(renderProblems(problems, block)).toBe("");
    }
  });
});

test("every status field of a container and every phase is explained", async () => {
  const { ContainerStatus, phases } = await import("../src/api/container.ts");
  const page = await readFile(join(root, "docs/spec/containerspec.md"), "utf8");
  const status = page.slice(page.indexOf("## Status"));
  for (const word of [...Object.keys(ContainerStatus.shape), ...phases])
    expect(status).toContain(`\`${word}\``);
});

test("specs/ and examples/ hold only valid specs, in the directory of their kind", async () => {
  const files = [...(await specFiles("specs")), ...(await specFiles("examples"))];
  expect(files.length).toBeGreaterThan(2);
  for (const path of files) {
    const text = await readFile(join(root, path), "utf8");
    if (!/^["'{\s]*apiVersion["']?:\s*["']?ds01\.io/m.test(text)) continue;
    const user = /(?:^|\/)users\/([^/]+)\//.exec(path)?.[1];
    const expected: WrittenKind | undefined =
      user !== undefined ? "ContainerSpec" : /(?:^|\/)quotas\//.test(path) ? "QuotaSpec" : undefined;
    const { problems } = parseSpecText(text, { path, expect: expected, namespaceFromPath: user });
    expect(renderProblems(problems, text)).toBe("");
  }
});

test("the editor lines of specs/ lead to a schema of their kind", async () => {
  for (const path of await specFiles("specs")) {
    const text = await readFile(join(root, path), "utf8");
    const [, schema = ""] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
    const { title } = JSON.parse(await readFile(resolve(root, path, "..", schema), "utf8")) as {
      title: string;
    };
    expect(text, path).toMatch(new RegExp(`^kind: ${title}$`, "m"));
  }
});

/** Text below each `#### field` heading. */
function sectionsOf(page: string): Map<string, string> {
  const parts = page.split(/^(?=#{1,4} )/m).filter((part) => part.startsWith("#### "));
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(5, end).trim(), part.slice(end)];
    }),
  );
}

/** Problems that the example itself brings, put where the field stands. */
function problemsOfExample(kind: WrittenKind, path: readonly string[], example: string): string[] {
  const schema = documentJsonSchema(kind);
  let value: unknown = parse(example);
  for (let length = path.length - 1; length > 0; length -= 1) {
    const holder = fieldsBelow(schema).find(
      (field) => field.path.join(".") === path.slice(0, length).join("."),
    )?.node;
    value = { [path[length - 1] ?? ""]: holder?.type === "array" ? [value] : value };
  }
  const document = { apiVersion: "ds01.io/v1alpha1", kind, ...(value as object) };
  return parseSpecText(JSON.stringify(document), { path: "example" })
    .problems.filter(({ message }) => !message.startsWith("is missing"))
    .map(({ field, message }) => `${field}: ${message}`);
}
