import type { SchemaNode } from "../../api/schema-node.ts";
import type { FieldSet } from "./field-set.ts";
import { partsOf, schemaBelow, valueOf } from "./parts.ts";

/** The object without these fields; undefined where nothing is left of what held some. */
export function removeFields(value: unknown, removed: FieldSet, schema: SchemaNode): unknown {
  const parts = partsOf(value, schema);
  if (parts === undefined) return typeof value === "object" && value !== null ? undefined : value;
  const kept = new Map<string, unknown>();
  for (const [element, part] of parts.values) {
    const here = removed.children.get(element);
    if (here?.isMember === true) continue;
    const rest = here === undefined ? part : removeFields(part, here, schemaBelow(schema, element));
    if (rest !== undefined) kept.set(element, rest);
  }
  return kept.size === 0 ? undefined : valueOf({ ...parts, values: kept });
}
