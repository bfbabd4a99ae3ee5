import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { usualSeeds } from "../simulation/usual-seeds.ts";
import { fingerprint, type Defect } from "./defect.ts";
import type { Finding } from "./search.ts";

/** What was found of one fault, and when it was planted like that. */
export interface RecordedFinding {
  readonly planted: string;
  readonly simulation: Finding;
  readonly tests: Finding;
}

const recordPath = join(import.meta.dirname, "findings.json");
const pagePath = join(import.meta.dirname, "README.md");
const [tableBegins, tableEnds] = ["<!-- findings -->\n", "<!-- /findings -->"];

/** What is recorded, by the name of the fault. */
export function recordedFindings(): Readonly<Record<string, RecordedFinding>> {
  if (!existsSync(recordPath)) return {};
  return JSON.parse(readFileSync(recordPath, "utf8")) as Record<string, RecordedFinding>;
}

/** Whether the fault as it is planted now is found by what every run of the tests plays. */
export function isFoundByTests(defect: Defect, finding: RecordedFinding | undefined): boolean {
  if (finding?.planted !== fingerprint(defect)) return false;
  if (finding.tests !== null || finding.simulation?.startsWith("kept/") === true) return true;
  return Number(/^seed (\d+) /.exec(finding.simulation ?? "")?.[1] ?? Infinity) <= usualSeeds;
}

/** Writes down what was found of one more fault, and the table of all; those that are planted no more are left out. */
export function record(defects: readonly Defect[], defect: Defect, finding: RecordedFinding): void {
  const all = { ...recordedFindings(), [defect.name]: finding };
  const rows = defects.flatMap(({ name }) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  writeFileSync(recordPath, `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`);
  const { before, after } = pageAroundTable();
  writeFileSync(pagePath, before + findingsTable(defects, Object.fromEntries(rows)) + after);
}

/** One row a fault that is recorded, in the order in which they are planted. */
export function findingsTable(
  defects: readonly Defect[],
  findings: Readonly<Record<string, RecordedFinding>>,
): string {
  const rows = defects.flatMap(({ name, breaks }) => {
    const finding = findings[name];
    if (finding === undefined) return [];
    const cells = [`\`${name}\``, breaks, finding.tests ?? finding.simulation ?? "nothing"];
    return [`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`];
  });
  return ["| fault | what is no longer so | found by |\n", "|---|---|---|\n", ...rows].join("");
}

/** The page, and what of it is the table. */
export function pageAroundTable(): {
  readonly before: string;
  readonly table: string;
  readonly after: string;
} {
  const page = readFileSync(pagePath, "utf8");
  const [begin, end] = [page.indexOf(tableBegins) + tableBegins.length, page.indexOf(tableEnds)];
  if (begin < tableBegins.length || end < begin) throw new Error(`${pagePath} has no place for the table`);
  return { before: page.slice(0, begin), table: page.slice(begin, end), after: page.slice(end) };
}
