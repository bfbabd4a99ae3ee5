import type { Cell } from "../api/column.ts";
import type { ApiObject } from "../api/meta.ts";
import type { Table } from "../api/table.ts";
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

/** How a list in the wanted form begins: all that goes before its items, up to the bracket before the first. */
export function listHead(view: View, resourceVersion: number): string {
  const metadata = { resourceVersion: String(resourceVersion) };
  if (view.representation === "table") return opened(tableHead(view, metadata.resourceVersion, true), "rows");
  const { kind, apiVersion } = view.type;
  return opened(
    view.representation === "metadata"
      ? { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata }
      : { kind: `${kind}List`, apiVersion, metadata },
    "items",
  );
}

/** The items of a list in the wanted form, and its end, as JSON in UTF-8. */
export function listItems(view: View, objects: readonly ApiObject[]): Buffer {
  return joined(objects.map(itemTextOf(view)), "]}");
}

/** Each text is written to where it belongs: half a megabyte joined first, and then turned to bytes, takes three times as long. */
function joined(texts: readonly string[], end: string): Buffer {
  const length = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, end.length);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const text of texts) {
    if (at > 0) bytes[at++] = comma;
    at += bytes.write(text, at);
  }
  return bytes.subarray(0, at + bytes.write(end, at));
}

const comma = 0x2c;

function itemTextOf(view: View): (object: ApiObject) => string {
  if (view.representation === "table") return (object) => rowText(view, object);
  return view.representation === "metadata" ? metadataText : objectJson;
}

/** One object in the wanted form, as JSON; `withColumns` is false for all but the first table of a watch. */
export function objectText(view: View, object: ApiObject, withColumns: boolean): string {
  if (view.representation === "metadata") return metadataText(object);
  if (view.representation === "table") {
    const head = tableHead(view, object.metadata.resourceVersion, withColumns);
    return `${opened(head, "rows")}${rowText(view, object)}]}`;
  }
  return objectJson(object);
}

/** What a bookmark of a watch tells; nothing else of it means anything. */
export interface Bookmark {
  readonly version: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a bookmark of a watch carries; of a table it is a row like any other, beside whose cells clients look for it. */
export function bookmarkObject(view: View, { version, annotations }: Bookmark, withColumns: boolean): object {
  const { type, representation, includeObject } = view;
  const resourceVersion = String(version);
  const metadata = { resourceVersion, creationTimestamp: null, annotations };
  const whole = { kind: type.kind, apiVersion: type.apiVersion, metadata };
  const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
  if (representation === "metadata") return partial;
  if (representation !== "table") return whole;
  const cells = printerOf(type).columns.map((_column, index) => (index === 0 ? "" : null));
  const beside = includeObject === "None" ? {} : { object: includeObject === "Object" ? whole : partial };
  return { ...tableHead(view, resourceVersion, withColumns), rows: [{ cells, ...beside }] };
}

function tableHead({ type }: View, resourceVersion: string, withColumns: boolean): Omit<Table, "rows"> {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion },
    columnDefinitions: withColumns ? printerOf(type).columns : [],
  };
}

function opened(head: object, name: "items" | "rows"): string {
  return `${JSON.stringify(head).slice(0, -1)},"${name}":[`;
}

/**
 * Texts up to this length are kept. A history of versions shares their long annotations, but no two texts share anything:
 * long ones would multiply what an object takes by its changes.
 */
const keptCharacters = 16_384;

/**
 * What is shown never changes, only what takes its place does: it is written out once, however many ask for it. Ages are
 * told in seconds, so a row of a table is good for one.
 */
const objectTexts = new WeakMap<ApiObject, string>();
const metadataTexts = new WeakMap<ApiObject, string>();
const rowTexts: Readonly<Record<View["includeObject"], WeakMap<ApiObject, Row>>> = {
  None: new WeakMap(),
  Metadata: new WeakMap(),
  Object: new WeakMap(),
};

interface Row {
  readonly second: number;
  readonly cells: readonly Cell[];
  readonly text: string;
}

function rowText({ type, includeObject, now }: View, object: ApiObject): string {
  const second = Math.floor(now / 1000);
  const known = rowTexts[includeObject].get(object);
  if (known?.second === second) return known.text;
  const cells = printerOf(type).cells(object, second * 1000);
  // Most ages are told in minutes, hours or days, and say in the next second what they said before.
  const isSame = known !== undefined && cells.every((cell, index) => cell === known.cells[index]);
  const text = isSame ? known.text : writtenRow(includeObject, cells, object);
  if (text.length <= keptCharacters) rowTexts[includeObject].set(object, { second, cells, text });
  return text;
}

/** What is shown beside the cells tells no ages and is written out once. */
function writtenRow(includeObject: View["includeObject"], cells: readonly Cell[], object: ApiObject): string {
  const written = `{"cells":${JSON.stringify(cells)}`;
  if (includeObject === "None") return `${written}}`;
  return `${written},"object":${includeObject === "Object" ? objectJson(object) : metadataText(object)}}`;
}

function objectJson(object: ApiObject): string {
  return kept(objectTexts, object, () => object);
}

function metadataText(object: ApiObject): string {
  return kept(metadataTexts, object, metadataOnly);
}

function metadataOnly({ metadata }: ApiObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

function kept(
  texts: WeakMap<ApiObject, string>,
  object: ApiObject,
  shownOf: (object: ApiObject) => object,
): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(shownOf(object));
  if (text.length <= keptCharacters) texts.set(object, text);
  return text;
}
