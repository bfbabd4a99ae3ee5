import type { FieldPath } from "./field-path.ts";

/** A node of a JSON Schema, as far as ds01's own schemas use it. */
export interface SchemaNode {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly [keyword: string]: unknown;
}

/** The node that describes the value at a path, or undefined where the schema knows no such field. */
export function nodeAt(root: SchemaNode, path: FieldPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = typeof step === "number" ? node.items : childOf(node, step);
  }
  return node;
}

/** Every field below a node, in the order of the schema; list items are passed through without a step. */
export function fieldsBelow(
  root: SchemaNode,
  prefix: readonly string[] = [],
): { path: readonly string[]; node: SchemaNode }[] {
  const holder = root.items ?? root;
  return Object.entries(holder.properties ?? {}).flatMap(([name, node]) => {
    const path = [...prefix, name];
    return [{ path, node }, ...fieldsBelow(node, path)];
  });
}

/** The values a node names one by one (enum and const, also inside a union). */
export function literalsOf(node: SchemaNode): readonly unknown[] {
  return alternativesOf(node).flatMap((one) => (one.const === undefined ? (one.enum ?? []) : [one.const]));
}

/** The members of a union, unions inside it included, or the node itself. */
export function alternativesOf(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf?.flatMap(alternativesOf) ?? [node];
}

function childOf(node: SchemaNode, name: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, name)) return node.properties[name];
  return typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
}
