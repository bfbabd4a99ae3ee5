import { objectKey } from "../../api/meta.ts";
import type { RecordOf, StoredRecord } from "../../core/record.ts";
import type { StoreChange } from "../../ports/store.ts";
import { ConflictError } from "../../util/errors.ts";
import { sameValue } from "../../util/same-value.ts";

export type StoredKind = StoredRecord["kind"];
export type AnyChange = StoreChange<StoredKind>;

interface Table {
  readonly records: Map<string, StoredRecord>;
  /** Records in the order of their keys; absent after a change until somebody asks. */
  sorted: readonly StoredRecord[] | undefined;
}

/** What `apply` did: the record as it stands now, and whether it differs from before. */
export interface Applied<R extends StoredRecord> {
  readonly record: R;
  readonly changed: boolean;
}

/** Records in memory, conflict-checked, with listeners; the part of a Store that is no I/O. */
export class RecordIndex {
  readonly #tables: Readonly<Record<StoredKind, Table>> = {
    ContainerSpec: { records: new Map(), sorted: undefined },
    QuotaSpec: { records: new Map(), sorted: undefined },
    ReservationSpec: { records: new Map(), sorted: undefined },
  };
  readonly #listeners = new Set<(change: AnyChange) => void>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  get<K extends StoredKind>(kind: K, key: string): RecordOf<K> | undefined {
    return this.#tables[kind].records.get(key) as RecordOf<K> | undefined;
  }

  list<K extends StoredKind>(kind: K): readonly RecordOf<K>[] {
    const table = this.#tables[kind];
    table.sorted ??= [...table.records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
    return table.sorted as readonly RecordOf<K>[];
  }

  /** Takes a record as it was read from disk, without telling anybody. */
  load(record: StoredRecord): void {
    const table = this.#tables[record.kind];
    table.records.set(keyOf(record), record);
    table.sorted = undefined;
  }

  /** Puts the record in place and tells listeners; ConflictError unless it was made from the stored one. */
  apply<K extends StoredKind>(record: RecordOf<K>, nextResourceVersion: () => number): Applied<RecordOf<K>> {
    const key = keyOf(record);
    const table = this.#tables[record.kind];
    const existing = table.records.get(key);
    refuseConflict(record, key, existing?.resourceVersion ?? 0);
    if (existing !== undefined && sameValue(existing, record))
      return { record: existing as RecordOf<K>, changed: false };
    const stored: RecordOf<K> = { ...record, resourceVersion: nextResourceVersion() };
    table.records.set(key, stored);
    table.sorted = undefined;
    this.#tell({ type: existing === undefined ? "ADDED" : "MODIFIED", record: stored });
    return { record: stored, changed: true };
  }

  /** Takes the record out and tells listeners; the DELETED change carries a resourceVersion of its own. */
  remove(kind: StoredKind, key: string, nextResourceVersion: () => number): boolean {
    const table = this.#tables[kind];
    const existing = table.records.get(key);
    if (existing === undefined) return false;
    table.records.delete(key);
    table.sorted = undefined;
    this.#tell({ type: "DELETED", record: { ...existing, resourceVersion: nextResourceVersion() } });
    return true;
  }

  onChange(listener: (change: AnyChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #tell(change: AnyChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

/** Key of a record within its kind. */
export function keyOf(record: StoredRecord): string {
  return objectKey(record.namespace, record.name);
}

function refuseConflict(record: StoredRecord, key: string, stored: number): void {
  if (record.resourceVersion === stored) return;
  const found = stored === 0 ? "it does not exist" : `the stored one is ${stored}`;
  throw new ConflictError({
    reason: "ResourceVersionConflict",
    message: `${record.kind} ${key} was changed from resourceVersion ${record.resourceVersion}, but ${found}`,
    remedy: "read it again and repeat the change",
  });
}
