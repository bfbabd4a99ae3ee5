import { appliedConfiguration } from "../../api/applied-configuration.ts";
import { objectSchema } from "../../api/crd.ts";
import { apiVersion } from "../../api/names.ts";
import type { SchemaNode } from "../../api/schema-node.ts";
import { sameValue } from "../../util/same-value.ts";
import type { StoredRecord } from "../record.ts";
import { ownerOfAll, updateFields } from "./manage-fields.ts";
import type { ManagedObject } from "./manage-fields.ts";
import { ownersToNote } from "./owner-bounds.ts";

/** What is known of an object's fields and does not stand in its file. */
export type FieldNotes = Pick<StoredRecord, "managedFields" | "lastApplied">;

const words: SchemaNode = { type: "object", additionalProperties: { type: "string" } };
const schemas = new Map<StoredRecord["kind"], SchemaNode>();

/** Schema of the part of an object that people write: labels, annotations and spec. */
export function ownedSchema(kind: StoredRecord["kind"]): SchemaNode {
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const { spec } = objectSchema(kind).properties ?? {};
  const metadata: SchemaNode = { type: "object", properties: { labels: words, annotations: words } };
  const schema: SchemaNode = {
    type: "object",
    properties: { metadata, ...(spec === undefined ? {} : { spec }) },
  };
  schemas.set(kind, schema);
  return schema;
}

/** The part of an object that people write, of which each field can have an owner. */
export function ownedPart(
  metadata: {
    readonly labels?: unknown;
    readonly annotations?: unknown;
  },
  spec: unknown,
  lastApplied: string | undefined,
): { readonly metadata: object; readonly spec?: unknown } {
  const applied = lastApplied === undefined ? {} : { [appliedConfiguration]: lastApplied };
  const annotations = { ...applied, ...mapOf(metadata.annotations) };
  const labels = mapOf(metadata.labels);
  return {
    metadata: {
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(spec === undefined || spec === null ? {} : { spec }),
  };
}

/** A record with other notes. */
export function withNotes<Noted extends StoredRecord>(
  record: Noted,
  { managedFields, lastApplied }: FieldNotes,
): Noted {
  const { managedFields: _, lastApplied: _applied, ...rest } = record;
  return {
    ...rest,
    ...(managedFields === undefined || managedFields.length === 0 ? {} : { managedFields }),
    ...(lastApplied === undefined ? {} : { lastApplied }),
  } as Noted;
}

/** Who owns what of an object before somebody writes it: what is noted, else all is of the source of its file. */
export function ownersBefore(record: StoredRecord, said: unknown): ManagedObject["managers"] {
  if (record.managedFields !== undefined) return record.managedFields;
  const by = { manager: record.source.source, apiVersion, now: record.createdAt };
  return ownerOfAll(said, ownedSchema(record.kind), by);
}

/**
 * A record whose file somebody has changed without the API: what is other is now of the source of the file. Nothing is
 * noted while nobody has used the API.
 */
export function notedEdit<Noted extends StoredRecord>(before: Noted, next: Noted, now: number): Noted {
  if (before.managedFields === undefined) return next;
  const was = ownedPart(before, before.spec, before.lastApplied);
  const is = ownedPart(next, next.spec, next.lastApplied);
  if (sameValue(was, is)) return next;
  const by = { manager: next.source.source, apiVersion, now };
  const live = { value: was, managers: before.managedFields };
  const { lastApplied } = next;
  const managedFields = ownersToNote(updateFields(live, is, ownedSchema(next.kind), by));
  return withNotes(next, { managedFields, ...(lastApplied === undefined ? {} : { lastApplied }) });
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
