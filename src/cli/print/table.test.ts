import { expect, test } from "vitest";
import type { Table, TableRow } from "../../api/table.ts";
import { painter } from "../terminal.ts";
import { plainStyle, TablePrinter } from "./table.ts";

const columns = [
  ["Name", 0],
  ["Phase", 0],
  ["GPU", 0],
  ["Image", 1],
].map(([name, priority]) => ({
  name: String(name),
  type: "string" as const,
  format: "",
  description: "",
  priority: Number(priority),
}));

function table(rows: readonly TableRow[], columnDefinitions = columns): Table {
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: {}, columnDefinitions, rows };
}

function row(namespace: string, ...cells: (string | number | null)[]): TableRow {
  return { cells, object: { metadata: { namespace, name: cells[0] } } };
}

const two = table([
  row("alice", "train", "Running", 0, "pytorch:2.5"),
  row("bob", "sweep-3", "Pending", null, "busybox"),
]);

test("aligns columns two blanks apart and leaves nothing at the end of a line", () => {
  expect(new TablePrinter(plainStyle).render(two)).toBe(
    ["NAME     PHASE    GPU", "train    Running  0", "sweep-3  Pending", ""].join("\n"),
  );
});

test("shows priority 1 columns only with wide, and namespaces first", () => {
  expect(new TablePrinter({ ...plainStyle, wide: true, namespaces: true }).render(two)).toBe(
    [
      "NAMESPACE  NAME     PHASE    GPU  IMAGE",
      "alice      train    Running  0    pytorch:2.5",
      "bob        sweep-3  Pending       busybox",
      "",
    ].join("\n"),
  );
});

test("prints no header when none is wanted, and nothing for no rows", () => {
  expect(new TablePrinter({ ...plainStyle, headers: false }).render(two)).toBe(
    "train    Running  0\nsweep-3  Pending\n",
  );
  expect(new TablePrinter(plainStyle).render(table([]))).toBe("");
});

test("keeps a watch in the columns of its first table", () => {
  const printer = new TablePrinter(plainStyle);
  printer.render(two);
  expect(printer.render(table([row("alice", "train", "Held", "0", "x")], []))).toBe("train    Held     0\n");
});

test("escapes control characters and keeps a row on one line", () => {
  const printer = new TablePrinter({ ...plainStyle, headers: false });
  expect(printer.render(table([row("a", "x\u001b[31m", "two\nlines", null, null)]))).toBe(
    "x\\x1b[31m  two lines\n",
  );
});

test("colours words on a terminal only, without breaking the columns", () => {
  const paint = painter({ write: () => true, isTTY: true }, {});
  expect(new TablePrinter({ ...plainStyle, paint }).render(two)).toContain(
    "train    \u001b[32mRunning\u001b[39m  0",
  );
  const never = painter({ write: () => true, isTTY: true }, { NO_COLOR: "1" });
  expect(new TablePrinter({ ...plainStyle, paint: never }).render(two)).not.toContain("\u001b");
});
