import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSpecText } from "../src/api/parse.ts";
import { specHash } from "../src/core/plan/spec-hash.ts";

/** A spec as an example of a release had it, and the hash that its containers carry since. */
interface ReleasedSpec {
  readonly path: string;
  readonly text: string;
  readonly hashes: Readonly<Record<string, string>>;
}

const folder = join(import.meta.dirname, "testdata/released");
const released = JSON.parse(
  readFileSync(join(folder, "0.1.0-examples.json"), "utf8"),
) as readonly ReleasedSpec[];

test("there is something to compare with", () => {
  expect(released.flatMap(({ hashes }) => Object.keys(hashes)).length).toBeGreaterThan(15);
});

test.each(released)("an upgrade recreates nothing of the example $path", ({ path, text, hashes }) => {
  const { documents, problems } = parseSpecText(text, { path, namespaceFromPath: "alice" });
  expect(problems).toEqual([]);
  const found = documents.flatMap((one) =>
    one.kind === "ContainerSpec" ? [[one.metadata.name, specHash(one.spec)]] : [],
  );
  expect(Object.fromEntries(found)).toEqual(hashes);
});
