import type { ManagedFieldsEntry } from "../../api/managed-fields.ts";
import { decodeFields, encodeFields, isEmptySet, union } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";

/** A manager of fields and what is theirs. Who applies and updates under one name is two managers. */
export interface Owner {
  readonly entry: Omit<ManagedFieldsEntry, "fieldsType" | "fieldsV1">;
  readonly fields: FieldSet;
}

/** Managers that update are kept apart up to this number, as in Kubernetes; the oldest become one. */
const updatersMax = 10;
const oldest = "ancient-changes";

/** The owners that `metadata.managedFields` tells of; undefined where it is not well formed. */
export function ownersOf(entries: readonly ManagedFieldsEntry[]): readonly Owner[] | undefined {
  const owners: Owner[] = [];
  for (const { fieldsType: _, fieldsV1, ...entry } of entries) {
    const fields = decodeFields(fieldsV1);
    if (fields === undefined) return undefined;
    owners.push({ entry, fields });
  }
  return owners;
}

/** As `metadata.managedFields`: without owners of nothing, in Kubernetes' order. */
export function entriesOf(owners: readonly Owner[]): readonly ManagedFieldsEntry[] {
  return withoutTooMany(owners.filter(({ fields }) => !isEmptySet(fields)))
    .toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
    .map(({ entry, fields }) => ({ ...entry, fieldsType: "FieldsV1", fieldsV1: encodeFields(fields) }));
}

/** True where two entries are of one manager, whose fields then are those of both. */
export function isSameManager(one: Owner["entry"], other: Owner["entry"]): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.subresource === other.subresource &&
    (one.operation === "Apply" || one.apiVersion === other.apiVersion)
  );
}

function orderOf({ entry: { operation, time = "", manager } }: Owner): string {
  return JSON.stringify([operation, time, manager]);
}

function withoutTooMany(owners: readonly Owner[]): readonly Owner[] {
  const updaters = owners
    .filter(({ entry }) => entry.operation === "Update")
    .toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
  if (updaters.length <= updatersMax) return owners;
  const named = updaters.filter(({ entry }) => entry.manager !== oldest);
  const merged = [
    ...updaters.filter(({ entry }) => entry.manager === oldest),
    ...named.slice(0, named.length - (updatersMax - 1)),
  ];
  const [first] = merged;
  if (first === undefined) return owners;
  const ancient = merged.reduce<Owner>(
    (all, { entry, fields }) => ({
      entry: { ...entry, manager: oldest },
      fields: union(all.fields, fields),
    }),
    first,
  );
  return [...owners.filter((owner) => !merged.includes(owner)), ancient];
}
