import type { ManagedFieldsEntry } from "../../api/managed-fields.ts";
import type { SchemaNode } from "../../api/schema-node.ts";
import { sameValue } from "../../util/same-value.ts";
import { formatTime } from "../format-time.ts";
import { compareFields } from "./compare-fields.ts";
import type { FieldChanges } from "./compare-fields.ts";
import {
  difference,
  encodeFields,
  intersection,
  isEmptySet,
  noFields,
  pathsOf,
  union,
  within,
  withNamedParents,
} from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldsOf } from "./fields-of.ts";
import { mergeFields } from "./merge-fields.ts";
import { entriesOf, isSameManager, ownersOf } from "./owners.ts";
import type { Owner } from "./owners.ts";
import { removeFields } from "./remove-fields.ts";

/** An object and who has said what in it. */
export interface ManagedObject {
  /** What can be owned: `metadata.labels`, `metadata.annotations` and `spec`. */
  readonly value: unknown;
  readonly managers: readonly ManagedFieldsEntry[];
}

/** Who changes an object, and when (milliseconds since the epoch). */
export interface FieldManager {
  readonly manager: string;
  readonly apiVersion: string;
  readonly now: number;
}

/** A field that somebody else owns with another value; `path` is such as `.spec.image`. */
export interface FieldConflict {
  readonly owner: Owner["entry"];
  readonly path: string;
}

export interface Application {
  readonly live: ManagedObject;
  readonly applied: unknown;
  readonly schema: SchemaNode;
  readonly by: FieldManager;
  /** Takes fields from their owners. */
  readonly force: boolean;
  /** What `by` had applied by other means: fields that are still so are no conflict. */
  readonly appliedBefore?: unknown;
}

/**
 * Server-side apply: what is applied becomes the manager's, and what they applied before and nobody else owns goes. The
 * rules are those of Kubernetes' structured-merge-diff.
 */
export function applyFields(
  application: Application,
): ManagedObject | { readonly conflicts: readonly FieldConflict[] } {
  const { live, applied, schema, by, force } = application;
  const owners = ownersOf(live.managers) ?? [];
  const entry = entryOf(by, "Apply");
  const others = owners.filter((owner) => !isSameManager(owner.entry, entry));
  const last = owners.filter((owner) => isSameManager(owner.entry, entry));
  const lastFields = last.reduce((all, { fields }) => union(all, fields), noFields);
  const fields = fieldsOf(applied, schema);
  const merged = mergeFields(live.value, applied, schema);
  const owned = others.reduce((all, other) => union(all, other.fields), fields);
  // What is applied empty stays, although nothing is left in it.
  const value = mergeFields(pruned(merged, { last: lastFields, owned, schema }), applied, schema);
  const changes = compareFields(live.value, value, schema);
  const conflicts = conflictsWith(others, changes);
  const allowed = allowedConflicts(application);
  const isRefused = conflicts.some(({ fields: found }) => !isEmptySet(difference(found, allowed)));
  if (isRefused && !force) return { conflicts: conflictLines(conflicts, allowed) };
  const isSame = sameValue(encodeFields(lastFields), encodeFields(fields)) && sameValue(live.value, value);
  const own = (isSame ? last[0] : undefined) ?? { entry: { ...entry, time: formatTime(by.now) }, fields };
  return { value, managers: entriesOf([...left(others, changes), own]) };
}

/** Any other write: what is new or other becomes the manager's and nobody else's; what is gone is nobody's. */
export function updateFields(
  live: ManagedObject,
  value: unknown,
  schema: SchemaNode,
  by: FieldManager,
): readonly ManagedFieldsEntry[] {
  const changes = compareFields(live.value, value, schema);
  const entry = entryOf(by, "Update");
  const owners = left(ownersOf(live.managers) ?? [], changes);
  const taken = union(changes.added, changes.modified);
  if (isEmptySet(taken)) return entriesOf(owners);
  const before = owners.filter((owner) => isSameManager(owner.entry, entry));
  const fields = before.reduce((all, owner) => union(all, owner.fields), taken);
  const own: Owner = {
    entry: { ...entry, time: formatTime(by.now) },
    fields: { ...fields, isMember: false },
  };
  return entriesOf([...owners.filter((owner) => !before.includes(owner)), own]);
}

/** Owners as somebody says them, of those fields only that the object has. */
export function ownersWithin(
  managers: readonly ManagedFieldsEntry[],
  value: unknown,
  schema: SchemaNode,
): readonly ManagedFieldsEntry[] {
  const places = fieldsOf(value, schema);
  const owners = ownersOf(managers) ?? [];
  return entriesOf(owners.map((owner) => ({ ...owner, fields: within(owner.fields, places) })));
}

/** As the owner of everything that somebody has said before anybody looked who says what. */
export function ownerOfAll(
  value: unknown,
  schema: SchemaNode,
  by: FieldManager,
): readonly ManagedFieldsEntry[] {
  const fields = { ...fieldsOf(value, schema), isMember: false };
  return entriesOf([{ entry: { ...entryOf(by, "Update"), time: formatTime(by.now) }, fields }]);
}

function entryOf({ manager, apiVersion }: FieldManager, operation: "Apply" | "Update"): Owner["entry"] {
  return { manager, operation, apiVersion };
}

/** Without what is owned by nobody any more; what was not applied before stays, whoever has said it. */
function pruned(
  merged: unknown,
  { last, owned, schema }: { readonly last: FieldSet; readonly owned: FieldSet; readonly schema: SchemaNode },
): unknown {
  if (isEmptySet(last)) return merged;
  const all = withNamedParents(fieldsOf(merged, schema));
  const wasOurs = withNamedParents(last);
  const rest = withNamedParents(fieldsOf(removeFields(merged, wasOurs, schema) ?? {}, schema));
  const kept = withNamedParents(
    fieldsOf(
      removeFields(merged, difference(all, union(rest, withNamedParents(owned))), schema) ?? {},
      schema,
    ),
  );
  return removeFields(merged, intersection(difference(all, kept), wasOurs), schema) ?? {};
}

interface OwnerConflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

function conflictsWith(
  owners: readonly Owner[],
  { added, modified }: FieldChanges,
): readonly OwnerConflict[] {
  const taken = union(added, modified);
  return owners
    .map((owner) => ({ owner, fields: intersection(owner.fields, taken) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

function conflictLines(conflicts: readonly OwnerConflict[], allowed: FieldSet): readonly FieldConflict[] {
  return conflicts
    .toSorted((one, other) => (one.owner.entry.manager < other.owner.entry.manager ? -1 : 1))
    .flatMap(({ owner, fields }) =>
      pathsOf(difference(fields, allowed)).map((path) => ({ owner: owner.entry, path })),
    );
}

function allowedConflicts({ live, appliedBefore, schema }: Application): FieldSet {
  if (appliedBefore === undefined) return noFields;
  const { added, modified, removed } = compareFields(appliedBefore, live.value, schema);
  return [added, modified, removed].reduce(difference, fieldsOf(appliedBefore, schema));
}

/** What owners have left of their fields after a change by somebody else. */
function left(owners: readonly Owner[], { added, modified, removed }: FieldChanges): readonly Owner[] {
  const lost = union(union(added, modified), removed);
  return owners.map((owner) => ({ ...owner, fields: difference(owner.fields, lost) }));
}
