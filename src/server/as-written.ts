import { appliedConfiguration } from "../api/applied-configuration.ts";
import type { ApiObject, ObjectMeta } from "../api/meta.ts";
import { parseSpecText } from "../api/parse.ts";
import type { FieldNotes } from "../core/field-managers/field-notes.ts";
import type { StoredRecord } from "../core/record.ts";
import { isObject } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";
import { presentRecord } from "./present.ts";
import type { SpecTarget } from "./spec-path.ts";
import { readDocument } from "./spec-text.ts";
import type { FileChange, SpecWrite } from "./write-spec.ts";

/** Of an object that is not there yet; clients in Go read no empty time. */
const unknownMetadata: ObjectMeta = { name: "", uid: "", resourceVersion: "" };

/** What a dry run answers: the object with what would stand in the file. */
export function asWritten(
  record: StoredRecord | undefined,
  write: SpecWrite,
  { change, notes }: { readonly change: FileChange; readonly notes: FieldNotes | undefined },
): ApiObject {
  const written = readDocument(change.document);
  const { metadata, spec: writtenSpec } = isObject(written) ? written : {};
  // With the defaults that the object would have, so that a comparison shows only what would change.
  const { documents } = parseSpecText(change.document, { path: change.path });
  const spec = documents.find(({ element }) => element === undefined)?.spec ?? writtenSpec;
  const current = record === undefined ? undefined : presentRecord(record);
  return {
    ...current,
    apiVersion: write.type.apiVersion,
    kind: write.type.kind,
    metadata: metadataAsWritten(current, write.target, { said: isObject(metadata) ? metadata : {}, notes }),
    ...(spec === undefined ? {} : { spec }),
  };
}

function metadataAsWritten(
  current: ApiObject | undefined,
  { namespace, name }: SpecTarget,
  { said, notes = {} }: { readonly said: MergePatch; readonly notes: FieldNotes | undefined },
): ObjectMeta {
  const { annotations: _annotations, labels: _labels, ...kept } = current?.metadata ?? unknownMetadata;
  const { annotations, ...others } = said;
  const { lastApplied, managedFields } = notes;
  const shown = {
    ...(lastApplied === undefined ? {} : { [appliedConfiguration]: lastApplied }),
    ...(isObject(annotations) ? annotations : {}),
  } as Readonly<Record<string, string>>;
  return {
    ...kept,
    ...others,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(shown).length === 0 ? {} : { annotations: shown }),
    ...(managedFields === undefined ? {} : { managedFields }),
  };
}
