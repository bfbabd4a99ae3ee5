import type { RecordOf, StoredRecord } from "../core/record.ts";

type StoredKind = StoredRecord["kind"];

export interface StoreChange<K extends StoredKind> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly record: RecordOf<K>;
}

/**
 * Admitted objects with status. Reads are synchronous from memory; a write is in memory at once and resolves
 * when it is durable (write, fsync, rename). A write that changes nothing keeps the resourceVersion.
 */
export interface Store {
  get<K extends StoredKind>(kind: K, key: string): RecordOf<K> | undefined;
  list<K extends StoredKind>(kind: K): readonly RecordOf<K>[];
  /** ConflictError when `record.resourceVersion` is not the stored one; 0 for a record that must not exist yet. */
  put<K extends StoredKind>(record: RecordOf<K>): Promise<RecordOf<K>>;
  /** Like put for derived data: in memory and to watchers at once, to disk soon; losing it costs history only. */
  putSoon<K extends StoredKind>(record: RecordOf<K>): RecordOf<K>;
  delete(kind: StoredKind, key: string): Promise<void>;
  /** Highest resourceVersion handed out; never goes back, also over restarts. */
  resourceVersion(): number;
  /** Hands out the next resourceVersion, for objects kept elsewhere (events, GPUs). */
  nextResourceVersion(): number;
  onChange(listener: (change: StoreChange<StoredKind>) => void): () => void;
  /** Writes what is still pending. */
  flush(): Promise<void>;
}
