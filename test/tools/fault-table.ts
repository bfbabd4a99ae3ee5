import { readFileSync } from "node:fs";
import { join } from "node:path";
import { faults } from "../support/faults.ts";
import type { FaultId } from "../support/faults.ts";

/** What was seen of a fault when its test passed last. */
export interface FaultRecord {
  readonly id: FaultId;
  readonly observed: string;
  /** The test's file, from the root of the project. */
  readonly file: string;
  readonly title: string;
}

export const faultRecordsPath = join(import.meta.dirname, "../testdata/reliability/observed.json");

const begin = "<!-- generated from the last `npm run reliability` by: npm run gen -->";
const end = "<!-- end of what is generated -->";

/** The records of docs/reliability.md. */
export function readFaultRecords(): readonly FaultRecord[] {
  return JSON.parse(readFileSync(faultRecordsPath, "utf8")) as readonly FaultRecord[];
}

/**
 * The records after a run of `files` that has seen `seen`: what stood there of those files and was not seen again is
 * gone. In the order of the faults. Throws when two tests have seen one fault.
 */
export function withSeen(
  standing: readonly FaultRecord[],
  files: readonly string[],
  seen: readonly FaultRecord[],
): readonly FaultRecord[] {
  const records = [...standing.filter(({ file }) => !files.includes(file)), ...seen];
  const order = Object.keys(faults);
  const twice = records.filter(({ id }, index) => records.findIndex((one) => one.id === id) !== index);
  if (twice.length > 0)
    throw new Error(`recorded by two tests: ${twice.map(({ id, file }) => `${id} (${file})`).join()}`);
  return records.toSorted((left, right) => order.indexOf(left.id) - order.indexOf(right.id));
}

/** The text of docs/reliability.md with its table made anew from the records. */
export function withFaultTable(text: string, records: readonly FaultRecord[]): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/reliability.md needs the lines\n${begin}\n${end}`);
  const rows = records.map(({ id, observed, file, title }) => {
    const name = file.split("/").at(-1) ?? file;
    return row([faults[id].fault, faults[id].expected, observed, `[${name}](../${file}): ${title}`]);
  });
  const table = [row(["fault", "expected", "observed", "test"]), "|---|---|---|---|", ...rows];
  return `${text.slice(0, from)}${begin}\n\n${table.join("\n")}\n\n${text.slice(to)}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
