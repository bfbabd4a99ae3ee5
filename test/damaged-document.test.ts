import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { documentFile } from "../src/adapters/store/document-file.ts";
import { AggregateBook } from "../src/controller/aggregate-book.ts";
import { EmergencyDesk } from "../src/controller/emergency-desk.ts";
import { OwnSlices } from "../src/controller/own-slices.ts";
import { RunBook } from "../src/controller/run-book.ts";
import { UseMeter } from "../src/controller/use-meter.ts";
import type { StateDocument } from "../src/ports/state-document.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { silentLog } from "./support/silent-log.ts";

test.each(['{"version":1,"stops":[{"user', '{"version":1,"stops":[{"user":5}]}'])(
  "the damaged file %s stays until somebody decides, and a copy of it for longer",
  async (damaged) => {
    const directory = mkdtempSync(join(tmpdir(), "ds01-damaged-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "stops.json");
    writeFileSync(path, damaged);
    const newDesk = (mayWrite: boolean): EmergencyDesk =>
      new EmergencyDesk({
        document: documentFile({ path, log: silentLog(), mayWrite: () => mayWrite }),
        clock: new ManualClock(),
        events: { record: () => undefined },
        log: silentLog(),
        onChange: () => undefined,
      });
    expect(newDesk(false).unreadable).toBe(true);
    expect(readdirSync(directory)).toEqual(["stops.json"]);
    const desk = newDesk(true);
    expect(readFileSync(path, "utf8")).toBe(damaged);
    expect(newDesk(true).unreadable).toBe(true);
    await desk.resume(null, "root");
    expect(newDesk(true).stops).toEqual([]);
    expect(readFileSync(`${path}.corrupt`, "utf8")).toBe(damaged);
  },
);

const plain = { clock: new ManualClock(), log: silentLog(), onChange: () => undefined };
/** Books without which the controller goes on, and what they write when they are empty. */
const books: readonly [name: string, empty: object, read: (document: StateDocument) => unknown][] = [
  ["mig-slices", { own: [], intent: null }, (document) => new OwnSlices(document).all],
  ["mig-slices", [], (document) => new OwnSlices(document).all],
  [
    "run-history",
    { version: 1, runs: [], open: [] },
    (document) => new RunBook({ ...plain, document }).history.runs,
  ],
  ["recent-use", { at: 1, hours: {} }, (document) => [...new UseMeter({ ...plain, document }).recent]],
  [
    "aggregate-cgroups",
    { bootId: "1", parents: [] },
    (document) => {
      const state = new AggregateBook({ ...plain, document, cgroups: null } as never).stateOf("alice");
      return state === null ? [] : [state];
    },
  ],
];

test.each(books)("a copy is kept of a damaged %s (%j is none), and the rest goes on", (name, empty, read) => {
  const directory = mkdtempSync(join(tmpdir(), "ds01-damaged-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, `${name}.json`);
  const document = documentFile({ path, log: silentLog(), mayWrite: () => true });
  expect(read(document)).toEqual([]);
  writeFileSync(path, JSON.stringify(empty));
  expect(read(document)).toEqual([]);
  expect(readdirSync(directory)).toEqual([`${name}.json`]);
  for (const damaged of [
    "",
    JSON.stringify(empty).slice(0, -1),
    "7",
    '{"own":{"a":1},"hours":7,"parents":"x"}',
  ]) {
    writeFileSync(path, damaged);
    expect(read(document)).toEqual([]);
    expect(readFileSync(`${path}.corrupt`, "utf8")).toBe(damaged);
  }
});
