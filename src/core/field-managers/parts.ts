import type { SchemaNode } from "../../api/schema-node.ts";
import { canonicalJson } from "../../util/hash.ts";

/** What a value is made of, by path elements (see FieldSet); absent for a value that has one owner as a whole. */
export interface Parts {
  readonly type: "map" | "list";
  readonly values: ReadonlyMap<string, unknown>;
}

const noSchema: SchemaNode = {};

/** The parts of a value after its schema: a map has its fields, a list only where its schema says what keys its items. */
export function partsOf(value: unknown, schema: SchemaNode): Parts | undefined {
  if (Array.isArray(value)) {
    const keyOf = keyIn(schema);
    return keyOf === undefined ? undefined : { type: "list", values: keyed(value, keyOf) };
  }
  if (typeof value !== "object" || value === null || schema["x-kubernetes-map-type"] === "atomic") {
    return undefined;
  }
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return { type: "map", values: new Map(entries.map(([name, member]) => [`f:${name}`, member])) };
}

/** The value that has these parts. */
export function valueOf({ type, values }: Parts): unknown {
  if (type === "list") return [...values.values()];
  return Object.fromEntries([...values].map(([element, member]) => [element.slice(2), member]));
}

/** Schema of a part. */
export function schemaBelow(schema: SchemaNode, element: string): SchemaNode {
  if (!element.startsWith("f:")) return schema.items ?? noSchema;
  if (isDeclared(schema, element)) return schema.properties?.[element.slice(2)] ?? noSchema;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : noSchema;
}

/** Whether the schema names this field, as it does not name the keys of a free map. */
export function isDeclared({ properties = {} }: SchemaNode, element: string): boolean {
  return element.startsWith("f:") && Object.hasOwn(properties, element.slice(2));
}

type KeyOf = (item: unknown) => string | undefined;

function keyIn(schema: SchemaNode): KeyOf | undefined {
  if (schema["x-kubernetes-list-type"] === "set") return (item) => `v:${canonicalJson(item)}`;
  const names = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !Array.isArray(names)) return undefined;
  return (item) => {
    if (typeof item !== "object" || item === null) return undefined;
    const keys = names.map((name: string): [string, unknown] => [name, Reflect.get(item, name)]);
    return keys.some(([, value]) => value === undefined)
      ? undefined
      : `k:${canonicalJson(Object.fromEntries(keys))}`;
  };
}

/** Items without a key, or with that of another, keep their place; who checks the object refuses them. */
function keyed(items: readonly unknown[], keyOf: KeyOf): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    values.set(key === undefined || values.has(key) ? `i:${index}` : key, item);
  }
  return values;
}
