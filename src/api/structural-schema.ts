import { z } from "zod";
import { alternativesOf } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Keywords that pass unchanged from what zod writes into a structural schema. */
const passing: readonly string[] = [
  "type",
  "title",
  "description",
  "default",
  "enum",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "required",
  "nullable",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
];

/** Handled apart, or said otherwise in Kubernetes: unknown fields are pruned there, not refused. */
const handled: readonly string[] = [
  "$schema",
  "properties",
  "items",
  "anyOf",
  "const",
  "examples",
  "additionalProperties",
  "propertyNames",
];

/**
 * A zod schema as the structural schema of a CustomResourceDefinition (apiextensions.k8s.io/v1). Throws TypeError
 * for a schema it cannot say, so that none is silently lost.
 */
export function structuralSchema(schema: z.ZodType): SchemaNode {
  const node = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    cycles: "throw",
    unrepresentable: "throw",
  });
  return structural(node as SchemaNode);
}

function structural(node: SchemaNode): SchemaNode {
  const unknown = Object.keys(node).find(
    (keyword) => !passing.includes(keyword) && !handled.includes(keyword),
  );
  if (unknown !== undefined) throw new TypeError(`a CustomResourceDefinition cannot say "${unknown}"`);
  if (node.anyOf !== undefined) return union(node);
  const kept = Object.fromEntries(
    passing.filter((keyword) => node[keyword] !== undefined).map((keyword) => [keyword, node[keyword]]),
  );
  const example = node.examples?.[0];
  return withoutNoise({
    ...kept,
    ...(node.const === undefined ? {} : { enum: [node.const] }),
    ...(example === undefined ? {} : { example }),
    ...childrenOf(node),
    ...(kept["type"] === undefined ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
  });
}

function childrenOf(node: SchemaNode): Partial<SchemaNode> {
  const { properties, items, additionalProperties } = node;
  return {
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => [name, structural(child)]),
          ),
        }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: structural(additionalProperties) }
      : {}),
  };
}

/**
 * A union keeps its type outside and only value checks inside. Kubernetes has a type for "whole number or text"; it
 * has none for "any number or text", which therefore stays unchecked there.
 */
function union(node: SchemaNode): SchemaNode {
  const { anyOf: _anyOf, examples: _examples, ...outer } = node;
  const members = alternativesOf(node);
  const types = new Set(members.map((member) => member.type));
  const example = node.examples?.[0] ?? members.flatMap((member) => member.examples ?? [])[0];
  const around = { ...outer, ...(example === undefined ? {} : { example }) };
  if (types.size === 1 && types.has("string")) {
    return { ...around, type: "string", anyOf: members.map((member) => valueChecks(member)) };
  }
  if (types.size === 2 && types.has("string") && types.has("integer")) {
    return { ...around, "x-kubernetes-int-or-string": true };
  }
  if (types.size === 2 && types.has("string") && types.has("number")) {
    return { ...around, "x-kubernetes-preserve-unknown-fields": true };
  }
  throw new TypeError(`a CustomResourceDefinition cannot say a union of ${[...types].join(" and ")}`);
}

function valueChecks(member: SchemaNode): SchemaNode {
  const { enum: words, const: word, format, pattern } = withoutNoise(member);
  return {
    ...(words === undefined ? {} : { enum: words }),
    ...(word === undefined ? {} : { enum: [word] }),
    ...(format === undefined ? {} : { format }),
    ...(pattern === undefined || format !== undefined ? {} : { pattern }),
  };
}

/** Drops bounds of safe integers (Kubernetes says int64) and patterns that Go's RE2 does not know. */
function withoutNoise(node: SchemaNode): SchemaNode {
  const bounded = Object.entries(node).filter(
    ([, value]) => value !== Number.MAX_SAFE_INTEGER && value !== Number.MIN_SAFE_INTEGER,
  );
  const kept = bounded.filter(
    ([keyword, value]) => !(keyword === "pattern" && /\(\?[!=<]/.test(String(value))),
  );
  const isLarge = bounded.length < Object.keys(node).length;
  return Object.fromEntries(isLarge ? [...kept, ["format", "int64"] as const] : kept);
}
