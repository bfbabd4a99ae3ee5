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

/** What a file declared when it was last good: without what it had let go of before, where it still declares others. */
export function lastDeclared(
  records: readonly StoredRecord[],
  source: string,
  path: string,
): readonly StoredRecord[] {
  const known = records.filter(({ source: from }) => from.path === path && from.source === source);
  const kept = known.filter(({ deletion, pruneBlocked }) => deletion === null && pruneBlocked === null);
  return kept.length > 0 ? kept : known;
}
