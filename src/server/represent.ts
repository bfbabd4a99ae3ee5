import type { ApiObject } from "../api/meta.ts";
import type { Table, TableRow } from "../api/table.ts";
import type { Representation } from "./negotiate.ts";
import { printerOf } from "./columns.ts";
import { StatusError } from "./failure.ts";
import type { ResourceType } from "./resource-type.ts";

/** How the answer of a request is to look. */
export interface View {
  readonly type: ResourceType;
  readonly representation: Representation;
  /** What a table row carries of its object. */
  readonly includeObject: "None" | "Metadata" | "Object";
  /** For ages, in milliseconds since the epoch. */
  readonly now: number;
}

/** Reads `includeObject` of a query. */
export function includeObjectOf(query: URLSearchParams): View["includeObject"] {
  const text = query.get("includeObject") ?? "Metadata";
  if (text === "None" || text === "Metadata" || text === "Object") return text;
  throw new StatusError("BadRequest", `includeObject: wanted None, Metadata or Object, found "${text}"`);
}

/** A list in the wanted form. */
export function representList(view: View, objects: readonly ApiObject[], resourceVersion: number): object {
  const metadata = { resourceVersion: String(resourceVersion) };
  if (view.representation === "table") return tableOf(view, objects, metadata.resourceVersion, true);
  if (view.representation === "metadata") {
    const items = objects.map(metadataOnly);
    return { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items };
  }
  return { kind: `${view.type.kind}List`, apiVersion: view.type.apiVersion, metadata, items: objects };
}

/** One object in the wanted form; `withColumns` is false for all but the first table of a watch. */
export function representObject(view: View, object: ApiObject, withColumns: boolean): object {
  if (view.representation === "metadata") return metadataOnly(object);
  if (view.representation === "table") {
    return tableOf(view, [object], object.metadata.resourceVersion, withColumns);
  }
  return object;
}

function tableOf(
  view: View,
  objects: readonly ApiObject[],
  resourceVersion: string,
  withColumns: boolean,
): Table {
  const printer = printerOf(view.type);
  const rows = objects.map((object): TableRow => {
    const cells = printer.cells(object, view.now);
    if (view.includeObject === "None") return { cells };
    return { cells, object: view.includeObject === "Object" ? object : metadataOnly(object) };
  });
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion },
    columnDefinitions: withColumns ? printer.columns : [],
    rows,
  };
}

function metadataOnly(object: ApiObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}
