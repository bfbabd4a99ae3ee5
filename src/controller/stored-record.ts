import { writtenKinds } from "../api/document.ts";
import type { SpecIdentity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Store } from "../ports/store.ts";

/** The stored record of an object, whichever kind it is. */
export function storedRecord(
  store: Store,
  { kind, namespace, name }: SpecIdentity,
): StoredRecord | undefined {
  return store.get(kind, objectKey(namespace, name));
}

/** The records of all kinds. */
export function storedRecords(store: Store): readonly StoredRecord[] {
  return writtenKinds.flatMap((kind): readonly StoredRecord[] => store.list(kind));
}
