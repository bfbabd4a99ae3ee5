import type { SchemaNode } from "../../api/schema-node.ts";
import { fieldSet } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { isDeclared, partsOf, schemaBelow } from "./parts.ts";

/** The fields that who applies an object owns: values, items of lists, and maps only where they are empty. */
export function fieldsOf(value: unknown, schema: SchemaNode): FieldSet {
  const parts = partsOf(value, schema);
  if (parts === undefined) return fieldSet(true, []);
  return fieldSet(
    false,
    [...parts.values].map(([element, part]) => {
      const below = fieldsOf(part, schemaBelow(schema, element));
      const isOwn = parts.type === "list" || isEmptyMap(part) || !isDeclared(schema, element);
      return [element, isOwn ? { ...below, isMember: true } : below] as const;
    }),
  );
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}
