import { stringify } from "yaml";
import { kinds } from "./kinds.ts";
import type { KindDefinition } from "./kinds.ts";
import { apiGroup, apiVersion } from "./names.ts";
import type { Kind } from "./names.ts";
import type { SchemaNode } from "./schema-node.ts";
import { structuralSchema } from "./structural-schema.ts";

/** Kinds that are ours; events are Kubernetes' own kind. */
export type DefinedKind = Exclude<Kind, "Event">;
export const definedKinds: readonly DefinedKind[] = ["ContainerSpec", "QuotaSpec", "ReservationSpec", "Gpu"];

/** A CustomResourceDefinition as apiextensions.k8s.io/v1 shapes it. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: {
      readonly plural: string;
      readonly singular: string;
      readonly kind: string;
      readonly listKind: string;
      readonly shortNames?: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly CustomResourceVersion[];
  };
}

interface CustomResourceVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly additionalPrinterColumns: readonly PrinterColumn[];
  readonly schema: { readonly openAPIV3Schema: SchemaNode };
}

interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly jsonPath: string;
  readonly priority: number;
}

/** The CustomResourceDefinition of a kind: the same names, columns and fields as ds01's own API. */
export function customResourceDefinition(kind: DefinedKind): CustomResourceDefinition {
  const { names } = kinds[kind];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${names.plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      scope: names.namespaced ? "Namespaced" : "Cluster",
      names: {
        plural: names.plural,
        singular: names.singular,
        kind,
        listKind: `${kind}List`,
        ...(names.aliases.length === 0 ? {} : { shortNames: names.aliases }),
        categories: ["ds01"],
      },
      versions: [
        {
          name: apiVersion.slice(apiGroup.length + 1),
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns(kinds[kind]),
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  };
}

/** Structural schema of a whole object of a kind, as CustomResourceDefinitions and OpenAPI documents hold it. */
export function objectSchema(kind: DefinedKind): SchemaNode {
  const { description, spec, status } = kinds[kind];
  return {
    type: "object",
    description,
    ...(kinds[kind].names.observed ? {} : { required: ["spec"] }),
    properties: {
      apiVersion: { type: "string", description: "Group and version of this kind." },
      kind: { type: "string", description: "What this object is." },
      metadata: { type: "object" },
      ...(spec === null ? {} : { spec: { description: "What should be.", ...structuralSchema(spec) } }),
      ...(status === null
        ? {}
        : { status: { description: "What ds01 found and did.", ...structuralSchema(status) } }),
    },
  };
}

/** Files of `crd-like-schemas/` that hold CustomResourceDefinitions, by name. */
export function crdFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    definedKinds.map((kind) => [
      `${kind.toLowerCase()}.crd.yaml`,
      `# Generated from src/api by test/tools/generate.ts; do not edit.\n${stringify(customResourceDefinition(kind), { lineWidth: 110, aliasDuplicateObjects: false })}`,
    ]),
  );
}

/** kubectl shows the name by itself, and can only show what stands in the object. */
function printerColumns({ columns }: KindDefinition): PrinterColumn[] {
  return columns.flatMap(({ name, type, description, jsonPath, priority, format }) =>
    jsonPath === undefined || format === "name" ? [] : [{ name, type, description, jsonPath, priority }],
  );
}
