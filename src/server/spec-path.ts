import { isWrittenKind } from "../api/document.ts";
import { Namespace, ObjectName } from "../api/fields.ts";
import { objectKey } from "../api/meta.ts";
import type { KindName } from "../api/names.ts";
import { adminFolders } from "../api/spec-folders.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Store } from "../ports/store.ts";
import { detailsOf, StatusError } from "./failure.ts";

/** Names one object of a kind; the namespace is undefined for cluster-scoped kinds. */
export interface SpecTarget {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The stored record of an object, whichever kind it is. */
export function recordOf(store: Store, type: KindName, target: SpecTarget): StoredRecord | undefined {
  const key = objectKey(target.namespace, target.name);
  return isWrittenKind(type.kind) ? store.get(type.kind, key) : undefined;
}

/** File of an object: where it stands, or `users/NAMESPACE/NAME.yaml` or the like of `quotas/NAME.yaml` for a new one. */
export function specPathFor(store: Store, type: KindName, target: SpecTarget): string {
  const existing = recordOf(store, type, target);
  // An object that was only found as a container has no file.
  if (existing !== undefined && existing.source.path !== "") return existing.source.path;
  // Only names that the schema accepts become part of a path.
  const name = ObjectName.safeParse(target.name);
  if (!name.success) {
    const field = "metadata.name";
    const message = `${field}: "${target.name}": wanted ${name.error.issues[0]?.message ?? "a valid name"}`;
    throw new StatusError("Invalid", message, {
      ...detailsOf(type, target.name),
      causes: [{ reason: "FieldValueInvalid", field, message }],
    });
  }
  if (target.namespace === undefined) {
    const folder = type.kind === "ReservationSpec" ? adminFolders[type.kind] : adminFolders.QuotaSpec;
    return `${folder}/${target.name}.yaml`;
  }
  if (!Namespace.safeParse(target.namespace).success) {
    throw new StatusError("BadRequest", `"${target.namespace}" is not a user name`);
  }
  return `users/${target.namespace}/${target.name}.yaml`;
}
