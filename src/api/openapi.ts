import { objectSchema } from "./crd.ts";
import type { DefinedKind } from "./crd.ts";
import { apiVersion, kindNames } from "./names.ts";
import type { KindName } from "./names.ts";
import type { SchemaNode } from "./schema-node.ts";

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** A kind with a schema of ours, which events have not. */
type OwnKind = KindName & { readonly kind: DefinedKind };

/** A kind as a document describes it. */
export interface DescribedKind {
  readonly names: Pick<KindName, "plural" | "namespaced" | "apiVersion"> & { readonly kind: string };
  readonly schema: SchemaNode;
  /** Whether clients find that its fields are checked when it is written. */
  readonly written: boolean;
}

/** The kinds of our group, with the fields and descriptions of the CustomResourceDefinitions. */
export function ownKinds(): readonly DescribedKind[] {
  return kindNames
    .filter((names): names is OwnKind => names.apiVersion === apiVersion)
    .map((names) => ({ names, schema: objectSchema(names.kind), written: true }));
}

/** `apis/ds01.io/v1alpha1`, or `api/v1` of the core group: where OpenAPI v3 has the document of a group. */
export function openApiPath(groupVersion: string): string {
  return `${groupVersion.includes("/") ? "apis" : "api"}/${groupVersion}`;
}

/** The OpenAPI 3.0 document of one group, from which `kubectl explain` reads, and clients that fields are checked here. */
export function openApiDocument(productVersion: string, described: readonly DescribedKind[]): object {
  return {
    openapi: "3.0.0",
    info: { title: "ds01", version: productVersion },
    paths: Object.fromEntries(described.flatMap(pathsOf)),
    components: {
      schemas: {
        ...Object.fromEntries(described.map((one) => [schemaName(one), schemaOf(one)])),
        [objectMeta]: objectMetaSchema,
      },
    },
  };
}

function schemaName({ names }: DescribedKind): string {
  const { group, version, kind } = typeOf(names);
  return group === "" ? `io.k8s.api.core.${version}.${kind}` : `io.ds01.${version}.${kind}`;
}

function schemaOf({ names, schema }: DescribedKind): object {
  const metadata = {
    allOf: [{ $ref: `#/components/schemas/${objectMeta}` }],
    description: "Name and labels.",
  };
  const properties = { ...headSchema, ...schema.properties, metadata };
  return { ...schema, properties, "x-kubernetes-group-version-kind": [typeOf(names)] };
}

function typeOf({ kind, apiVersion: groupVersion }: DescribedKind["names"]): {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
} {
  const [version = "", group = ""] = groupVersion.split("/").toReversed();
  return { group, version, kind };
}

function pathsOf(described: DescribedKind): readonly (readonly [path: string, item: object])[] {
  const { names, written } = described;
  const place = names.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `/${openApiPath(names.apiVersion)}${place}/${names.plural}`;
  const patch = written ? { patch: operation(described, "patch", "fieldValidation") } : {};
  return [
    [collection, { get: operation(described, "list") }],
    [`${collection}/{name}`, { get: operation(described, "get"), ...patch }],
  ];
}

function operation(described: DescribedKind, action: string, ...parameters: readonly string[]): object {
  const schema = { $ref: `#/components/schemas/${schemaName(described)}` };
  return {
    parameters: parameters.map((name) => ({
      name,
      in: "query",
      schema: { type: "string", uniqueItems: true },
    })),
    responses: { "200": { description: "OK", content: { "application/json": { schema } } } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": typeOf(described.names),
  };
}

const headSchema: Readonly<Record<string, SchemaNode>> = {
  apiVersion: { type: "string", description: "Group and version of the kind." },
  kind: { type: "string", description: "What it is." },
};

const words = { type: "object", additionalProperties: { type: "string" } };

const objectMetaSchema = {
  type: "object",
  description: "What is the same for every kind.",
  properties: {
    name: { type: "string", description: "Name of the object, unique in its namespace." },
    namespace: { type: "string", description: "The owning user." },
    labels: { ...words, description: "Free words to select objects by." },
    annotations: { ...words, description: "Free text for people and tools." },
    ownerReferences: {
      type: "array",
      items: {
        type: "object",
        properties: Object.fromEntries(
          ["apiVersion", "kind", "name", "uid", "controller"].map((name) => [
            name,
            { type: name === "controller" ? "boolean" : "string" },
          ]),
        ),
      },
      description: "Of a Pod: the object that it shows.",
    },
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
