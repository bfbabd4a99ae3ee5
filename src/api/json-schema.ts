import { z } from "zod";
import { documentSchemas, writtenKinds } from "./document.ts";
import type { WrittenKind } from "./document.ts";
import { apiGroup } from "./names.ts";
import { alternativesOf } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";

const built = new Map<WrittenKind, SchemaNode>();

/** JSON Schema (draft 7, what editors speak) of a whole document of a kind; computed once. */
export function documentJsonSchema(kind: WrittenKind): SchemaNode {
  const known = built.get(kind);
  if (known !== undefined) return known;
  const { $schema, ...schema } = z.toJSONSchema(documentSchemas[kind], {
    target: "draft-7",
    io: "input",
    reused: "inline",
    cycles: "throw",
    unrepresentable: "throw",
  });
  const tidy = tidied(schema as SchemaNode);
  const node: SchemaNode = {
    $schema,
    $id: `https://${apiGroup}/schemas/${fileStem(kind)}.schema.json`,
    title: kind,
    ...tidy,
  };
  built.set(kind, node);
  return node;
}

/** Files of `crd-like-schemas/` that hold JSON Schemas, by name. */
export function jsonSchemaFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    writtenKinds.map((kind) => [
      `${fileStem(kind)}.schema.json`,
      `${JSON.stringify(documentJsonSchema(kind), undefined, 2)}\n`,
    ]),
  );
}

function fileStem(kind: WrittenKind): string {
  return kind.toLowerCase();
}

/**
 * A schema without what tells a person nothing: bounds that only say "a safe integer", words for Kubernetes, unions
 * inside unions. Examples of the members of a union become examples of the union.
 */
function tidied(node: SchemaNode): SchemaNode {
  const children = {
    ...(node.properties === undefined ? {} : { properties: mapValues(node.properties, tidied) }),
    ...(node.items === undefined ? {} : { items: tidied(node.items) }),
    ...(typeof node.additionalProperties === "object"
      ? { additionalProperties: tidied(node.additionalProperties) }
      : {}),
    ...(node.anyOf === undefined ? {} : tidiedUnion(node)),
  };
  const kept = Object.entries({ ...node, ...children }).filter(
    ([keyword, value]) =>
      !isSafeIntegerBound(keyword, value) &&
      keyword !== "propertyNames" &&
      !keyword.startsWith("x-kubernetes-"),
  );
  return Object.fromEntries(kept);
}

function tidiedUnion(node: SchemaNode): Pick<SchemaNode, "anyOf" | "examples"> {
  const examples = node.examples ?? nestedExamples(node);
  const anyOf = alternativesOf(node).map((member) => {
    const { examples: _examples, ...rest } = tidied(member);
    return rest;
  });
  return { anyOf, ...(examples.length === 0 ? {} : { examples }) };
}

function nestedExamples(node: SchemaNode): readonly unknown[] {
  return (node.anyOf ?? []).flatMap((member) => member.examples ?? nestedExamples(member));
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function isSafeIntegerBound(keyword: string, value: unknown): boolean {
  return (
    (keyword === "maximum" && value === Number.MAX_SAFE_INTEGER) ||
    (keyword === "minimum" && value === Number.MIN_SAFE_INTEGER)
  );
}
