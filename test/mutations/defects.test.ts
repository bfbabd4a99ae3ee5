import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planted } from "./defect.ts";
import { defects } from "./defects.ts";
import { findingsTable, isFoundByTests, pageAroundTable, recordedFindings } from "./findings.ts";

const root = join(import.meta.dirname, "../..");

/** Whether titles that stand in the file make up the name; what stands for the values of a case is anything. */
function hasTest(file: string, name: string): boolean {
  if (!existsSync(file)) return false;
  const texts = [...readFileSync(file, "utf8").matchAll(/(["`])((?:\\.|(?!\1)[^\\\n])+)\1/g)];
  const titles = texts.map(([, , text = ""]) =>
    text
      .replaceAll(/\\(.)/g, "$1")
      .split(/\$\{[^}]*\}|%[sdijo]|\$[\w.]+/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".+"),
  );
  const one = `(?:${titles.filter((title) => title.length > 2).join("|")})`;
  return new RegExp(`^${one}(?: ${one})*$`).test(name);
}

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

  test("were found by tests and kept runs that are still there", () => {
    const gone = Object.values(recordedFindings()).flatMap(({ simulation, tests }) => {
      const [, file = "", title = ""] = /^(\S+): "(.+)"$/.exec(tests ?? "") ?? [];
      const [, kept] = /^(kept\/\S+) /.exec(simulation ?? "") ?? [];
      const isThere = kept === undefined || existsSync(join(root, "test/simulation", kept));
      const isNamed = file === "" || hasTest(join(root, file), title);
      return isThere && isNamed ? [] : [tests ?? simulation];
    });
    expect(gone, "npm run mutations -- --only NAME --record").toEqual([]);
  });

  test("were not found by a test that is not there", () => {
    const file = join(import.meta.dirname, "defects.test.ts");
    const here = "the faults that are planted were not found by a test that is not there";
    const ofCase =
      "the faults that are planted lock-skipped: its text stands once in its file, and its tests are there";
    expect([hasTest(file, here), hasTest(file, ofCase)]).toEqual([true, true]);
    expect(hasTest(file, here.replace("not", "never"))).toBe(false);
    expect(hasTest(join(import.meta.dirname, "none.test.ts"), here)).toBe(false);
  });

  test("are missed when the text has moved on", () => {
    const [defect] = defects;
    expect(() => planted(defect as (typeof defects)[number], "")).toThrow("in place of once");
  });
});
