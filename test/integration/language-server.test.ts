import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentJsonSchema } from "../../src/api/json-schema.ts";
import { nodeAt } from "../../src/api/schema-node.ts";
import { waitFor } from "../bed/wait-for.ts";
import { LanguageServer } from "../support/language-server.ts";
import type { Diagnostic } from "../support/language-server.ts";

const root = join(import.meta.dirname, "../..");

describe("an editor with the YAML language server and the first line that the docs show", () => {
  const server = new LanguageServer();
  let starter = "";
  let files = 0;

  beforeAll(async () => {
    starter = await readFile(join(root, "specs/users/alice/notebook.yaml"), "utf8");
    await server.start();
  });

  afterAll(() => server.stop());

  /** Opens a text that would stand beside the starter spec; the modeline names the schema from there. */
  const open = (text: string): string => {
    files += 1;
    const uri = pathToFileURL(join(root, "specs/users/alice", `new-${files}.yaml`)).href;
    server.open(uri, text);
    return uri;
  };

  const found = async (uri: string): Promise<readonly Diagnostic[]> =>
    waitFor("the diagnostics", () => server.diagnostics(uri));

  const modeline = (): string => starter.split("\n", 1)[0] ?? "";
  const head = (): string =>
    `${modeline()}\napiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: train}\nspec:\n`;

  it("finds nothing wrong in the starter spec", async () => {
    expect(modeline()).toMatch(/^# yaml-language-server: \$schema=/);
    expect(await found(open(starter))).toEqual([]);
  });

  it("marks a misspelt field and a wrong value where they stand", async () => {
    const wrong = await found(open(`${head()}  image: busybox\n  gpu: 1\n  restartPolicy: Sometimes\n`));
    expect(wrong).toHaveLength(2);
    const places = wrong.toSorted((a, b) => a.range.start.line - b.range.start.line);
    expect(places.map(({ range, message }) => [range.start.line, message])).toEqual([
      [6, expect.stringContaining("gpu")],
      [7, expect.stringContaining("OnFailure")],
    ]);
  });

  it("misses a field that must be there", async () => {
    const [missing] = await found(open(`${head()}  desiredState: Running\n`));
    expect(missing?.message).toContain("image");
  });

  it("offers every field of the spec, of a part of it, and the words of a value", async () => {
    const schema = documentJsonSchema("ContainerSpec");
    const namesOf = (...path: string[]): readonly string[] =>
      Object.keys(nodeAt(schema, path)?.properties ?? {});
    const text = `${head()}  image: busybox\n  \n`;
    const fields = await server.complete(open(text), 6, 2);
    expect(fields.toSorted()).toEqual(
      namesOf("spec")
        .filter((name) => name !== "image")
        .toSorted(),
    );

    const inside = `${head()}  image: busybox\n  gpus:\n    \n`;
    // Beside them it offers a template of the whole part.
    expect(await server.complete(open(inside), 7, 4)).toEqual(
      expect.arrayContaining([...namesOf("spec", "gpus")]),
    );

    const value = `${head()}  image: busybox\n  restartPolicy: \n`;
    expect((await server.complete(open(value), 6, 17)).toSorted()).toEqual(["Always", "Never", "OnFailure"]);
  });
});
