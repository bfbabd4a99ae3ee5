import { objectSchema } from "./crd.ts";
import type { DefinedKind } from "./crd.ts";
import { apiGroup, apiVersion, kindNames } from "./names.ts";
import type { KindName } from "./names.ts";

const version = apiVersion.slice(apiGroup.length + 1);
const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** A kind with a schema of ours, which events have not. */
type DescribedKind = KindName & { readonly kind: DefinedKind };

/**
 * The OpenAPI 3.0 document of our group, from which `kubectl explain` reads, and clients that fields are checked here.
 * `description` and the rest are those of the CustomResourceDefinitions.
 */
export function openApiDocument(productVersion: string): object {
  const described = kindNames.filter((names): names is DescribedKind => names.apiVersion === apiVersion);
  return {
    openapi: "3.0.0",
    info: { title: "ds01", version: productVersion },
    paths: Object.fromEntries(described.flatMap(pathsOf)),
    components: {
      schemas: {
        ...Object.fromEntries(described.map((names) => [schemaName(names), schemaOf(names)])),
        [objectMeta]: objectMetaSchema,
      },
    },
  };
}

function schemaName({ kind }: KindName): string {
  return `io.ds01.${version}.${kind}`;
}

function schemaOf(names: DescribedKind): object {
  const schema = objectSchema(names.kind);
  const metadata = {
    allOf: [{ $ref: `#/components/schemas/${objectMeta}` }],
    description: "Name and labels.",
  };
  return {
    ...schema,
    properties: { ...schema.properties, metadata },
    "x-kubernetes-group-version-kind": [typeOf(names)],
  };
}

function typeOf({ kind }: KindName): object {
  return { group: apiGroup, version, kind };
}

function pathsOf(names: KindName): readonly (readonly [path: string, item: object])[] {
  const place = names.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `/apis/${apiVersion}${place}/${names.plural}`;
  return [
    [collection, { get: operation(names, "list") }],
    [
      `${collection}/{name}`,
      { get: operation(names, "get"), patch: operation(names, "patch", "fieldValidation") },
    ],
  ];
}

function operation(names: KindName, action: string, ...parameters: readonly string[]): object {
  return {
    parameters: parameters.map((name) => ({
      name,
      in: "query",
      schema: { type: "string", uniqueItems: true },
    })),
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: { $ref: `#/components/schemas/${schemaName(names)}` } } },
      },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": typeOf(names),
  };
}

const words = { type: "object", additionalProperties: { type: "string" } };

const objectMetaSchema = {
  type: "object",
  description: "What is the same for every kind.",
  properties: {
    name: { type: "string", description: "Name of the object, unique in its namespace." },
    namespace: { type: "string", description: "The owning user." },
    labels: { ...words, description: "Free words to select objects by." },
    annotations: { ...words, description: "Free text for people and tools." },
    managedFields: {
      type: "array",
      items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      description: "Who has written which fields through the API.",
    },
    uid: { type: "string", description: "Never used twice." },
    resourceVersion: { type: "string", description: "Changes with every change of the object." },
    generation: { type: "integer", format: "int64", description: "Grows with every change of the spec." },
    creationTimestamp: {
      type: "string",
      format: "date-time",
      description: "When the object was first seen.",
    },
    deletionTimestamp: {
      type: "string",
      format: "date-time",
      description: "When its deletion was asked for.",
    },
  },
};
