import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { DeviceNotesFile } from "../src/adapters/store/device-notes-file.ts";
import { stateDocuments } from "../src/adapters/store/state-documents.ts";
import { StateTooNew } from "../src/adapters/store/state-errors.ts";
import { readDocument } from "../src/controller/read-document.ts";
import { silentLog } from "./support/silent-log.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const Book = z.object({ version: z.literal(1), rows: z.array(z.object({ name: z.string() })) });

function setUp(text: string) {
  const stateDir = temporaryDirectory();
  const path = join(stateDir, "tombstones.json");
  writeFileSync(path, text);
  const log = silentLog();
  const document = stateDocuments({ stateDir, log, mayWrite: () => true }).tombstones;
  return { document, log, path };
}

const fail = (): never => {
  throw new Error("it can be read");
};

test("a document that a newer ds01 has written is refused, and stays as it is", () => {
  const text = '{"version":2,"graves":[]}';
  const { document, path } = setUp(text);
  expect(() => document.read()).toThrow(StateTooNew);
  expect(() => document.read()).toThrow(`${path} has format 2; this ds01 knows formats up to 1`);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("fields that this ds01 does not know are told of and kept in a copy, as the next write loses them", async () => {
  const text = '{"version":1,"rows":[{"name":"a","colour":"red"}],"later":true}\n';
  const { document, log, path } = setUp(text);
  expect(readDocument(document, Book, fail)).toEqual({ version: 1, rows: [{ name: "a" }] });
  const { fields } = log.lines.find((line) => line.fields["reason"] === "StateFieldsUnknown") ?? {};
  expect(fields).toMatchObject({
    path,
    unknown: ["rows.0.colour", "later"],
    keptIn: `${path}.unknown-fields`,
  });
  await document.write({ version: 1, rows: [] });
  expect(readFileSync(`${path}.unknown-fields`, "utf8")).toBe(text);
});

test("a document that is known in whole is read without a word", () => {
  const { document, log } = setUp('{"version":1,"rows":[{"name":"a"}]}\n');
  expect(readDocument(document, Book, fail)?.rows).toEqual([{ name: "a" }]);
  expect(log.lines).toEqual([]);
});

test("the same holds for the notes about devices", () => {
  const stateDir = temporaryDirectory();
  const path = join(stateDir, "devices.json");
  const cordon = { uuid: "GPU-1", by: "root", at: 1, reason: null };
  writeFileSync(path, JSON.stringify({ version: 1, cordons: [{ ...cordon, until: 7 }], health: [] }));
  const log = silentLog();
  expect(new DeviceNotesFile({ stateDir, log }).read()?.cordons).toEqual([cordon]);
  expect(log.lines.map(({ fields }) => fields)).toMatchObject([
    { reason: "StateFieldsUnknown", path, unknown: ["cordons.0.until"] },
  ]);
  expect(readFileSync(`${path}.unknown-fields`, "utf8")).toContain('"until":7');
});
