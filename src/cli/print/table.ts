import type { Table, TableColumn, TableRow } from "../../api/table.ts";
import { oneLine, plain } from "../terminal.ts";
import type { Paint } from "../terminal.ts";
import { alignRow, columnWidths } from "./columns.ts";

/** How a table is shown. */
export interface TableStyle {
  /** Also the columns of priority 1. */
  readonly wide: boolean;
  readonly headers: boolean;
  /** Puts NAMESPACE first, as with `-A`. */
  readonly namespaces: boolean;
  readonly paint: Paint;
}

export const plainStyle: TableStyle = { wide: false, headers: true, namespaces: false, paint: plain };

/** Prints the server's tables; later tables of a watch stay in the columns of the first. */
export class TablePrinter {
  readonly #style: TableStyle;
  #columns: readonly TableColumn[] = [];
  #widths: readonly number[] | undefined;

  constructor(style: TableStyle) {
    this.#style = style;
  }

  /** Lines of the table, the header only with the first; empty for a table without rows. */
  render(table: Table): string {
    if (table.rows.length === 0) return "";
    // In a watch only the first table carries the columns.
    if (table.columnDefinitions.length > 0) this.#columns = table.columnDefinitions;
    const rows = table.rows.map((row) => this.#cells(row));
    const first = this.#widths === undefined;
    if (first && this.#style.headers) rows.unshift(this.#header());
    this.#widths ??= columnWidths(rows);
    const widths = this.#widths;
    return rows.map((row) => `${alignRow(row, widths, this.#style.paint)}\n`).join("");
  }

  #header(): string[] {
    const names = this.#shown(this.#columns).map((column) => column.name.toUpperCase());
    return this.#style.namespaces ? ["NAMESPACE", ...names] : names;
  }

  #cells(row: TableRow): string[] {
    const cells = this.#shown(row.cells).map((cell) => (cell === null ? "" : oneLine(String(cell))));
    return this.#style.namespaces ? [namespaceOf(row), ...cells] : cells;
  }

  #shown<T>(values: readonly T[]): readonly T[] {
    return values.filter((_, index) => this.#style.wide || (this.#columns[index]?.priority ?? 0) === 0);
  }
}

function namespaceOf(row: TableRow): string {
  const object = row.object as { readonly metadata?: { readonly namespace?: string } } | undefined;
  return object?.metadata?.namespace ?? "";
}
