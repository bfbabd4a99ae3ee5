import { appliedConfiguration } from "../api/applied-configuration.ts";
import type { ManagedFieldsEntry } from "../api/managed-fields.ts";
import { apiVersion } from "../api/names.ts";
import { ownedPart, ownedSchema, ownersBefore, type FieldNotes } from "../core/field-managers/field-notes.ts";
import { ownersWithin, updateFields } from "../core/field-managers/manage-fields.ts";
import type { ManagedObject } from "../core/field-managers/manage-fields.ts";
import { ownersToNote } from "../core/field-managers/owner-bounds.ts";
import type { StoredRecord } from "../core/record.ts";
import { sameValue } from "../util/same-value.ts";
import { isObject } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";
import { readDocument } from "./spec-text.ts";

/** A write that is no apply: by whom, and what it says beside the file. */
export interface NotedUpdate {
  readonly kind: StoredRecord["kind"];
  /** The object before; undefined where it is a new one. */
  readonly record: StoredRecord | undefined;
  readonly manager: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What kubectl has applied last, afterwards. */
  readonly lastApplied: string | undefined;
  /** Who owns what, as the request itself says; undefined: as before. */
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined;
}

/** What is to be noted when the document of an object is replaced by another. */
export function updateNotes(
  { kind, record, manager, now, lastApplied, managedFields }: NotedUpdate,
  { before, after }: { readonly before: string | undefined; readonly after: string },
): FieldNotes {
  const live = liveObject(record, before);
  const value = saidIn(after, lastApplied);
  // A write that changes nothing is none.
  if (managedFields === undefined && record?.deletion === null && sameValue(live.value, value)) {
    return record;
  }
  const by = { manager, apiVersion, now };
  const schema = ownedSchema(kind);
  const managers = managedFields === undefined ? live.managers : ownersWithin(managedFields, value, schema);
  return {
    managedFields: ownersToNote(updateFields({ ...live, managers }, value, schema, by)),
    ...(lastApplied === undefined ? {} : { lastApplied }),
  };
}

/** An object as its document says it, without what ds01 fills in: nobody owns a default. */
export function liveObject(record: StoredRecord | undefined, document: string | undefined): ManagedObject {
  if (record === undefined || record.deletion !== null) return { value: { metadata: {} }, managers: [] };
  const value =
    document === undefined
      ? ownedPart(record, record.spec, record.lastApplied)
      : saidIn(document, record.lastApplied);
  return { value, managers: ownersBefore(record, value) };
}

/** The part of a document that people write, with what kubectl wants to find in it. */
export function saidIn(document: string, lastApplied: string | undefined): object {
  const said = readDocument(document);
  const { metadata, spec } = isObject(said) ? said : {};
  return ownedPart(isObject(metadata) ? metadata : {}, spec, lastApplied);
}

/** A map of metadata without kubectl's note, and the note. */
export function withoutApplied(metadata: MergePatch): {
  readonly metadata: MergePatch;
  readonly lastApplied: string | undefined;
} {
  const { annotations, ...others } = metadata;
  if (!isObject(annotations)) return { metadata, lastApplied: undefined };
  const { [appliedConfiguration]: note, ...rest } = annotations;
  return {
    metadata: { ...others, ...(Object.keys(rest).length === 0 ? {} : { annotations: rest }) },
    lastApplied: typeof note === "string" ? note : undefined,
  };
}
