import type { TableColumn } from "./table.ts";

export type Cell = string | number | boolean | null;

/** One column of `ds01 get`: its definition, and how an object fills it. Priority 1 shows only with `-o wide`. */
export interface Column<Shown> extends TableColumn {
  /** Where kubectl finds the same in the object, for the CustomResourceDefinition; absent where it is computed. */
  readonly jsonPath?: string;
  cell(object: Shown, nowMs: number): Cell;
}

type Given<Shown> = Pick<Column<Shown>, "name" | "description" | "cell"> &
  Partial<Pick<Column<Shown>, "type" | "format" | "priority" | "jsonPath">>;

/** A column of text with priority 0, unless said otherwise. */
export function column<Shown>(given: Given<Shown>): Column<Shown> {
  return { type: "string", format: "", priority: 0, ...given };
}

/** A column that only `-o wide` shows. */
export function wideColumn<Shown>(given: Given<Shown>): Column<Shown> {
  return column({ ...given, priority: 1 });
}
