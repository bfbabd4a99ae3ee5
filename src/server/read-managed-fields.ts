import { z } from "zod";
import type { FieldsV1, ManagedFieldsEntry } from "../api/managed-fields.ts";
import { isWithinOwnerBounds } from "../core/field-managers/owner-bounds.ts";
import { ownersOf } from "../core/field-managers/owners.ts";
import { StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";
import { tooManyOwners } from "./note-bounds.ts";

const Entries = z.array(
  z.object({
    manager: z.string().max(128),
    operation: z.enum(["Apply", "Update"]),
    apiVersion: z.string().max(256),
    time: z.string().max(64).optional(),
    fieldsType: z.literal("FieldsV1"),
    fieldsV1: z.custom<FieldsV1>((value) => typeof value === "object" && value !== null),
    subresource: z.string().max(64).optional(),
  }),
);

/**
 * `metadata.managedFields` of a body; undefined where it says nothing about them, empty for Kubernetes' way to forget all
 * owners, one empty entry. BadRequest where it is malformed, Invalid where it is more than an object may have.
 */
export function readManagedFields(value: unknown): readonly ManagedFieldsEntry[] | undefined {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return undefined;
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const [first] = entries;
  if (entries.length === 1 && isObject(first) && Object.keys(first).length === 0) return [];
  // Before anything is made of them, which takes far longer than reading them.
  if (!isWithinOwnerBounds(entries.map((entry) => (isObject(entry) ? entry : {})))) throw tooManyOwners();
  const read = Entries.safeParse(value);
  if (!read.success || ownersOf(read.data as readonly ManagedFieldsEntry[]) === undefined) {
    throw new StatusError("BadRequest", "metadata.managedFields: wanted entries as the server gave them");
  }
  return read.data as readonly ManagedFieldsEntry[];
}
