import type { KindName } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import { detailsOf, StatusError } from "./failure.ts";
import { isObject, mergePatchBetween } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";
import type { SpecTarget } from "./spec-path.ts";
import { editDocument, renderDocument } from "./spec-text.ts";
import type { SpecWrite } from "./write-spec.ts";
import type { WrittenObject } from "./written-object.ts";

/** The document of an object that is written as a whole: YAML as it came, of JSON only what differs. */
export function composeWhole(record: StoredRecord | undefined, body: WrittenObject): SpecWrite["compose"] {
  return (current, path) => {
    if (body.text !== null) return body.text;
    const isNew = current === undefined || record === undefined || record.spec === null;
    return isNew ? renderDocument(body.written, path) : editDocument(current, changesTo(record, body));
  };
}

/** The document after a merge patch; Conflict where there is none. */
export function composeEdit(type: KindName, target: SpecTarget, change: MergePatch): SpecWrite["compose"] {
  return (current, path) => {
    if (current !== undefined) return editDocument(current, change);
    const message = `the document of "${target.name}" was not found in ${path}; mend the file first, or apply it whole`;
    throw new StatusError("Conflict", message, detailsOf(type, target.name));
  };
}

/** Only what differs from the object, so that defaults it carries do not end up in the file. */
function changesTo(record: StoredRecord, body: WrittenObject): MergePatch {
  const { labels, annotations } = body.written.metadata;
  const spec: unknown = record.spec;
  const metadata = mergePatchBetween(
    { labels: record.labels, annotations: record.annotations },
    { labels: labels ?? {}, annotations: annotations ?? {} },
  );
  const patch = { metadata, spec: mergePatchBetween(isObject(spec) ? spec : {}, body.written.spec) };
  return Object.fromEntries(Object.entries(patch).filter(([, part]) => Object.keys(part).length > 0));
}
