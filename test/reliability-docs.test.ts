import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faults } from "./support/faults.ts";
import { readFaultRecords, withFaultTable, withSeen } from "./tools/fault-table.ts";
import type { FaultRecord } from "./tools/fault-table.ts";

const root = join(import.meta.dirname, "..");
const records = readFaultRecords();

/** Whether a text of the file is the title, or becomes it when `it.each` has put in its values. */
function hasTitle(source: string, title: string): boolean {
  const texts = [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text = ""]) => text);
  return texts.some((text) => {
    const parts = text.split(/%[sdi]/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    return parts.join("").length > 10 && new RegExp(`^${parts.join(".*")}$`).test(title);
  });
}

function faultsOf({ id, file, title }: FaultRecord): readonly string[] {
  if (!existsSync(join(root, file))) return [`${id}: there is no ${file}`];
  const source = readFileSync(join(root, file), "utf8");
  const isThere = source.includes("recordFault(") && hasTitle(source, title);
  return isThere ? [] : [`${id}: ${file} has no test that records it: ${title}`];
}

test("every fault has a row in docs/reliability.md, and every row a fault; if not: npm run reliability", () => {
  expect(records.map(({ id }) => id)).toEqual(Object.keys(faults));
  expect(records.filter(({ observed }) => observed.trim() === "")).toEqual([]);
});

test("every row of docs/reliability.md names a test that exists", () => {
  expect(records.flatMap(faultsOf)).toEqual([]);
});

test("docs/reliability.md shows what was recorded; if not: npm run gen", () => {
  const text = readFileSync(join(root, "docs/reliability.md"), "utf8");
  expect(withFaultTable(text, records)).toBe(text);
});

test("a title is found with the values that it.each puts in, and no other", () => {
  const source = 'it.each(all)(\n  "must be left alone when it ends by SIG%s (really)",\n';
  expect(hasTitle(source, "must be left alone when it ends by SIGKILL (really)")).toBe(true);
  expect(hasTitle(source, "must be left alone when it ends")).toBe(false);
});

test("a run replaces what its files have recorded, and keeps the rest", () => {
  const one = { id: "smi-hangs", observed: "a", file: "a.test.ts", title: "x" } as const;
  const other = { ...one, id: "state-full", file: "b.test.ts" } as const;
  expect(withSeen([other, one], ["a.test.ts"], [{ ...one, observed: "b" }])).toEqual([
    other,
    { ...one, observed: "b" },
  ]);
  expect(withSeen([other, one], ["a.test.ts"], [])).toEqual([other]);
  expect(() => withSeen([one], [], [{ ...one, file: "c.test.ts" }])).toThrow(
    "recorded by two tests: smi-hangs",
  );
});
