import type { Cell } from "../api/column.ts";
import { kinds } from "../api/kinds.ts";
import type { ApiObject } from "../api/meta.ts";
import type { Kind } from "../api/names.ts";
import { ageText } from "../api/relative-time.ts";
import type { TableColumn } from "../api/table.ts";
import type { ResourceType } from "./resource-type.ts";

/** The columns of `get` and how an object fills them. */
export interface Printer {
  readonly columns: readonly TableColumn[];
  cells(object: ApiObject, nowMs: number): readonly Cell[];
}

const common = { format: "", description: "", priority: 0 } as const;

const namespacePrinter: Printer = {
  columns: [
    { ...common, name: "Name", type: "string", format: "name" },
    { ...common, name: "Status", type: "string" },
    { ...common, name: "Age", type: "date" },
  ],
  cells: ({ metadata }, nowMs) => [metadata.name, "Active", ageText(metadata.creationTimestamp, nowMs)],
};

/** How objects of a type are printed: as its kind says. */
export function printerOf(type: ResourceType): Printer {
  return isKind(type.kind) ? kinds[type.kind] : namespacePrinter;
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(kinds, word);
}
