import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { z } from "zod";
import { Configuration } from "../src/api/configuration.ts";
import { markdownParts } from "./support/markdown.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/configuration.md"), "utf8");

/** Part of a JSON Schema. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly enum?: readonly string[];
}

/** Every key with its path, and the words that an enum allows. */
function keysOf(
  { properties = {} }: SchemaNode,
  above = "",
): readonly { path: string; words: readonly string[] }[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const path = above === "" ? name : `${above}.${name}`;
    return node.properties === undefined ? [{ path, words: node.enum ?? [] }] : keysOf(node, path);
  });
}

test("docs/configuration.md names every key of the configuration file and every word it allows", () => {
  const keys = keysOf(z.toJSONSchema(Configuration) as SchemaNode);

  expect(keys.length).toBeGreaterThan(10);
  const wanted = keys.flatMap(({ path, words }) => [path, ...words]);
  expect(wanted.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
});

test("the configuration that docs/configuration.md shows, and that of deploy, are valid", () => {
  const [shown] = markdownParts(page).blocks.filter(({ language }) => language === "yaml");
  const sample = readFileSync(join(root, "deploy/config.yaml"), "utf8");
  // The sample shows every other key as a comment.
  const filledIn = sample.replaceAll(/^# ((?: {2})?\w+:.*)$/gm, "$1");

  expect(Configuration.parse(parse(shown?.text ?? ""))).toMatchObject({ gpus: "auto" });
  expect(Configuration.parse(parse(sample))).toMatchObject({ admins: { groups: ["ds01-admins"] } });
  expect(Configuration.parse(parse(filledIn))).toMatchObject({ trust: "owner", workers: 4 });
});
