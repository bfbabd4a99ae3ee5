import { RecordIndex } from "../../src/adapters/store/record-index.ts";
import type { AnyChange, StoredKind } from "../../src/adapters/store/record-index.ts";
import type { RecordOf, StoredRecord } from "../../src/core/record.ts";
import type { Store } from "../../src/ports/store.ts";

/** A Store without a disk. A listener that throws fails the write, so that a test sees it. */
export class MemoryStore implements Store {
  /** Called after every put, also one that changed nothing. */
  afterPut: (record: StoredRecord) => void = () => undefined;
  #resourceVersion = 0;
  #uids = 0;
  readonly #index = new RecordIndex((error) => {
    throw error;
  });

  /** For the controllers on this store: `uid-1`, `uid-2`, never one twice. */
  newUid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }

  get<K extends StoredKind>(kind: K, key: string): RecordOf<K> | undefined {
    return this.#index.get(kind, key);
  }

  list<K extends StoredKind>(kind: K): readonly RecordOf<K>[] {
    return this.#index.list(kind);
  }

  async put<K extends StoredKind>(record: RecordOf<K>): Promise<RecordOf<K>> {
    return this.putSoon(record);
  }

  putSoon<K extends StoredKind>(record: RecordOf<K>): RecordOf<K> {
    const stored = this.#index.apply(record, () => this.nextResourceVersion()).record;
    this.afterPut(stored);
    return stored;
  }

  async delete(kind: StoredKind, key: string): Promise<void> {
    this.#index.remove(kind, key, () => this.nextResourceVersion());
  }

  resourceVersion(): number {
    return this.#resourceVersion;
  }

  nextResourceVersion(): number {
    this.#resourceVersion += 1;
    return this.#resourceVersion;
  }

  onChange(listener: (change: AnyChange) => void): () => void {
    return this.#index.onChange(listener);
  }

  async flush(): Promise<void> {}
}
