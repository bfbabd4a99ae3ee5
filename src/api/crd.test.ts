import { describe, expect, test } from "vitest";
import { z } from "zod";
import { crdFiles, customResourceDefinition, definedKinds } from "./crd.ts";
import type { SchemaNode } from "./schema-node.ts";
import { structuralSchema } from "./structural-schema.ts";

/** Keywords that apiextensions.k8s.io/v1 allows in a structural schema and that ds01 uses. */
const allowed = new Set(
  `type title description default enum format pattern minimum maximum exclusiveMinimum exclusiveMaximum minLength
  maxLength minItems maxItems required nullable example properties items additionalProperties anyOf
  x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-int-or-string
  x-kubernetes-preserve-unknown-fields`.split(/\s+/),
);
const types = new Set(["object", "array", "string", "integer", "number", "boolean"]);

/** What the API server of Kubernetes would refuse about a structural schema. */
function faultsOf(node: SchemaNode, path = "$"): string[] {
  return [...typeFaults(node), ...memberFaults(node)]
    .map((fault) => `${path}: ${fault}`)
    .concat(
      Object.entries(node.properties ?? {}).flatMap(([name, child]) => faultsOf(child, `${path}.${name}`)),
      node.items === undefined ? [] : faultsOf(node.items, `${path}[]`),
      typeof node.additionalProperties === "object" ? faultsOf(node.additionalProperties, `${path}.*`) : [],
    );
}

function typeFaults(node: SchemaNode): string[] {
  const intOrString = node["x-kubernetes-int-or-string"] === true;
  const free = intOrString || node["x-kubernetes-preserve-unknown-fields"] === true;
  return [
    ...Object.keys(node)
      .filter((keyword) => !allowed.has(keyword))
      .map((keyword) => `${keyword} is forbidden`),
    ...((node.type === undefined ? free : types.has(node.type)) ? [] : ["no type"]),
    ...(node.type !== undefined && intOrString ? ["a type beside int-or-string"] : []),
    ...(node.pattern !== undefined && /\(\?[!=<]/.test(node.pattern) ? ["the pattern is not RE2"] : []),
  ];
}

function memberFaults(node: SchemaNode): string[] {
  const outside = (node.anyOf ?? []).flatMap((member) =>
    Object.keys(member).filter((keyword) => !["enum", "format", "pattern"].includes(keyword)),
  );
  const keys = (node["x-kubernetes-list-map-keys"] ?? []) as readonly string[];
  return [
    ...(node.type === "array" && node.items === undefined ? ["an array without items"] : []),
    ...(node.properties !== undefined && node.additionalProperties !== undefined
      ? ["two kinds of properties"]
      : []),
    ...(typeof node.additionalProperties === "boolean" ? ["additionalProperties is a boolean"] : []),
    ...(node.required ?? [])
      .filter((name) => node.properties?.[name] === undefined)
      .map((name) => `requires ${name}, which it lacks`),
    ...outside.map((keyword) => `${keyword} must stand outside anyOf`),
    ...keys
      .filter((key) => node.items?.required?.includes(key) !== true)
      .map((key) => `list key ${key} is not required`),
  ];
}

describe.each(definedKinds)("the CustomResourceDefinition of %s", (kind) => {
  const definition = customResourceDefinition(kind);
  const [version] = definition.spec.versions;

  test("is structural", () => {
    expect(faultsOf(version?.schema.openAPIV3Schema ?? {})).toEqual([]);
  });

  test("is named after its plural and offers no name twice", () => {
    const { names } = definition.spec;
    expect(definition.metadata.name).toBe(`${names.plural}.ds01.io`);
    const words = [names.plural, names.singular, ...(names.shortNames ?? [])];
    expect(new Set(words).size).toBe(words.length);
    expect(words.every((word) => /^[a-z][a-z0-9]*$/.test(word))).toBe(true);
  });

  test("has columns that point into its own fields", () => {
    for (const { jsonPath, type } of version?.additionalPrinterColumns ?? []) {
      if (jsonPath.startsWith(".metadata.")) continue;
      let node = version?.schema.openAPIV3Schema;
      for (const step of jsonPath.slice(1).split(".")) {
        node = node?.properties?.[step.replace("[*]", "")];
        if (step.endsWith("[*]")) node = node?.items;
      }
      expect(node, jsonPath).toBeDefined();
      if (type === "integer") expect(node?.type).toBe("integer");
    }
  });
});

test("the lint finds what Kubernetes would refuse", () => {
  expect(faultsOf({ type: "object", properties: { a: {}, b: { type: "array" } }, required: ["c"] })).toEqual([
    "$: requires c, which it lacks",
    "$.a: no type",
    "$.b: an array without items",
  ]);
  expect(faultsOf({ type: "object", additionalProperties: false, oneOf: [] })).toHaveLength(2);
});

test("a schema that Kubernetes cannot say is refused, not bent", () => {
  expect(() => structuralSchema(z.union([z.string(), z.array(z.string())]))).toThrow(TypeError);
  expect(() => structuralSchema(z.number().multipleOf(2))).toThrow(TypeError);
});

test("unions keep what Kubernetes can check", () => {
  expect(structuralSchema(z.union([z.literal("unlimited"), z.number().int().min(0)]))).toEqual({
    "x-kubernetes-int-or-string": true,
  });
  expect(structuralSchema(z.union([z.literal("never"), z.string().regex(/^a+$/)]))).toEqual({
    type: "string",
    anyOf: [{ enum: ["never"] }, { pattern: "^a+$" }],
  });
  expect(structuralSchema(z.union([z.number(), z.string()]))).toEqual({
    "x-kubernetes-preserve-unknown-fields": true,
  });
  expect(structuralSchema(z.number().int().nullable())).toEqual({
    type: "integer",
    nullable: true,
    format: "int64",
  });
});

test("files are the same at every run", () => {
  expect(crdFiles()).toEqual(crdFiles());
  expect(Object.keys(crdFiles())).toEqual([
    "containerspec.crd.yaml",
    "quotaspec.crd.yaml",
    "reservationspec.crd.yaml",
    "gpu.crd.yaml",
  ]);
});
