import { isMap, isScalar, stringify } from "yaml";
import type { Document, ParsedNode, ToStringOptions } from "yaml";
import { readYaml } from "../api/yaml-text.ts";
import { InvalidError, messageOf } from "../util/errors.ts";
import { canonicalJson } from "../util/hash.ts";
import { applyMergePatch } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";
import { editNodes } from "./edit-nodes.ts";
import { spliceScalars } from "./splice-scalars.ts";

/** One document of a spec file: where it begins and ends. */
export interface DocumentSlice {
  readonly start: number;
  readonly end: number;
  /** How many documents the file holds. */
  readonly documents: number;
}

/** What a document says it is. */
export interface DocumentIdentity {
  readonly kind: string;
  /** Undefined for cluster-scoped kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Finds the document of an object; undefined when no document of the file names it. */
export function findDocument(text: string, identity: DocumentIdentity): DocumentSlice | undefined {
  const documents = documentsOf(text);
  const found = documents.find((document) => names(document, identity));
  if (found === undefined) return undefined;
  const [start, end] = extentOf(text, found, documents);
  return { start, end, documents: documents.length };
}

/** Comments above the first document are its own, unless a "---" sets them apart from it. */
function extentOf(
  text: string,
  document: RangedDocument,
  documents: readonly RangedDocument[],
): readonly [start: number, end: number] {
  if (documents.length === 1) return [0, text.length];
  const [start, , end] = document.range;
  return document === documents[0] && !text.startsWith("---", start) ? [0, end] : [start, end];
}

/** What one YAML or JSON document says, as plain values; undefined when it cannot be read or holds several. */
export function readDocument(text: string): unknown {
  const documents = documentsOf(text);
  const [document] = documents;
  return documents.length !== 1 || document === undefined || document.errors.length > 0
    ? undefined
    : plainValue(document);
}

/** True when no document of the text names an object, so that a guess (the file's own name) is all there is. */
export function namesNothing(text: string): boolean {
  return documentsOf(text).every(
    (document) =>
      !isMap(document.contents) ||
      typeof document.get("kind") !== "string" ||
      typeof document.getIn(["metadata", "name"]) !== "string",
  );
}

/** The file with one document replaced by another text; everything around it stays as it is. */
export function replaceDocument(text: string, slice: DocumentSlice, replacement: string): string {
  const before = text.slice(0, slice.start);
  const after = text.slice(slice.end);
  if (slice.documents === 1) return replacement;
  // Without its "---" the document would run into the one before it.
  const marked =
    text.startsWith("---", slice.start) && !replacement.startsWith("---")
      ? `---\n${replacement}`
      : replacement;
  return before + (marked.endsWith("\n") || after === "" ? marked : `${marked}\n`) + after;
}

/** The file without one document; null when nothing is left that anybody would miss. */
export function removeDocument(text: string, slice: DocumentSlice): string | null {
  if (slice.documents <= 1) return null;
  return text.slice(0, slice.start) + text.slice(slice.end);
}

/** The file with a document more at its end. */
export function appendDocument(text: string, addition: string): string {
  const before = text.endsWith("\n") || text === "" ? text : `${text}\n`;
  return `${before}${addition.startsWith("---") ? "" : "---\n"}${addition}`;
}

/**
 * Text of one document after a merge patch. Comments, quotes and order stay; where only plain values change,
 * so does nothing else. InvalidError when the document does not take the patch.
 */
export function editDocument(text: string, patch: MergePatch): string {
  const [document] = documentsOf(text);
  if (document === undefined || document.errors.length > 0) {
    throw new InvalidError({
      reason: "SpecInvalid",
      message: "the text that stands in the file now cannot be read as YAML.",
      remedy: "Mend the file first; `ds01 describe` names the place.",
    });
  }
  const wanted = applyMergePatch(plainValue(document), patch);
  const spliced = spliceScalars(document, text, patch);
  if (spliced !== undefined && sameValue(readDocument(spliced), wanted)) return spliced;
  if (text.trimStart().startsWith("{")) return `${JSON.stringify(wanted, null, 2)}\n`;
  if (isMap(document.contents)) editNodes(document, document.contents, patch);
  if (!sameValue(plainValue(document), wanted)) {
    throw new InvalidError({
      reason: "SpecUsesAliases",
      message: "the field to change is shared with others by YAML anchors.",
      remedy: "Edit the file by hand.",
    });
  }
  // Written as the file is: `{ a: 1 }` or `{a: 1}`.
  const style: ToStringOptions = { lineWidth: 0, flowCollectionPadding: text.includes("{ ") };
  return document.toString(style);
}

/** Text of a new document; JSON for files that end so. */
export function renderDocument(value: object, path: string): string {
  return path.endsWith(".json") ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}

type RangedDocument = Document.Parsed<ParsedNode>;

function documentsOf(text: string): readonly RangedDocument[] {
  return readYaml(text).documents.filter(({ contents, errors }) => !isEmpty(contents) || errors.length > 0);
}

function isEmpty(contents: ParsedNode | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function names(document: RangedDocument, identity: DocumentIdentity): boolean {
  if (!isMap(document.contents)) return false;
  const namespace = document.getIn(["metadata", "namespace"]);
  return (
    document.get("kind") === identity.kind &&
    document.getIn(["metadata", "name"]) === identity.name &&
    (namespace === undefined || namespace === identity.namespace)
  );
}

function plainValue(document: RangedDocument): unknown {
  try {
    // A few aliases are fine; a text that would grow to gigabytes is not.
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    const message = `the text cannot be read: ${messageOf(cause)}`;
    throw new InvalidError({ reason: "SpecInvalid", message, cause });
  }
}

function sameValue(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
