import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planted } from "./defect.ts";
import { defects } from "./defects.ts";
import { findingsTable, isFoundByTests, pageAroundTable, recordedFindings } from "./findings.ts";

const root = join(import.meta.dirname, "../..");

describe("the faults that are planted", () => {
  test("are at least twenty, each with a name of its own", () => {
    expect(defects.length).toBeGreaterThanOrEqual(20);
    expect(new Set(defects.map(({ name }) => name)).size).toBe(defects.length);
  });

  test.each(defects)("$name: its text stands once in its file, and its tests are there", (defect) => {
    const text = readFileSync(join(root, defect.file), "utf8");
    expect(planted(defect, text)).not.toBe(text);
    expect(defect.tests.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("are all recorded as found by what every run of the tests plays, as they are planted now", () => {
    const findings = recordedFindings();
    expect(Object.keys(findings)).toEqual(defects.map(({ name }) => name));
    const unfound = defects.filter((defect) => !isFoundByTests(defect, findings[defect.name]));
    expect(
      unfound.map(({ name }) => name),
      "npm run mutations -- --missing --record",
    ).toEqual([]);
  });

  test("stand in the table as they are recorded", () => {
    expect(pageAroundTable().table.trim()).toBe(findingsTable(defects, recordedFindings()).trim());
  });

  test("are missed when the text has moved on", () => {
    const [defect] = defects;
    expect(() => planted(defect as (typeof defects)[number], "")).toThrow("in place of once");
  });
});
