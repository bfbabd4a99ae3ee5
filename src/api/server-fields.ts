import { appliedConfiguration } from "./applied-configuration.ts";
import { isMap, parseAllDocuments, type Document } from "yaml";

/** What the API adds to an object and no file may say. */
const metadataFields: readonly string[] = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "managedFields",
];

/** A text that `get -o yaml` or `-o json` may have printed. */
const printedByTheApi = /^\s*"?(?:resourceVersion|creationTimestamp|uid)"?:/m;
/** Larger texts are no specs; they are left for the parser to refuse. */
const maximumLength = 256 * 1024;

/**
 * The text without what the API added, so that `ds01 get -o yaml | ds01 apply -f -` works; any other text comes
 * back as it is. Comments stay.
 */
export function withoutServerFields(text: string): string {
  if (text.length > maximumLength || !printedByTheApi.test(text)) return text;
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return text;
  if (documents.some((document) => document.errors.length > 0 || !isMap(document.contents))) return text;
  for (const document of documents) strip(document);
  return documents.map((document) => document.toString({ lineWidth: 0 })).join("");
}

function strip(document: Document): void {
  document.delete("status");
  for (const field of metadataFields) document.deleteIn(["metadata", field]);
  const annotations = document.getIn(["metadata", "annotations"]);
  if (!isMap(annotations) || !annotations.delete(appliedConfiguration)) return;
  if (annotations.items.length === 0) document.deleteIn(["metadata", "annotations"]);
}
