import { parseRecord, renderRecord } from "../../src/adapters/store/record-file.ts";
import { keyOf, RecordIndex } from "../../src/adapters/store/record-index.ts";
import type { AnyChange, StoredKind } from "../../src/adapters/store/record-index.ts";
import { StateNotWritable } from "../../src/adapters/store/state-errors.ts";
import type { RecordOf, StoredRecord } from "../../src/core/record.ts";
import type { StateDocument } from "../../src/ports/state-document.ts";
import type { Store } from "../../src/ports/store.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { TaskOwner, TaskScheduler } from "./task-scheduler.ts";

/** What survives the end of a controller. */
export class SimulatedDisk {
  /** `KIND/namespace/name` -> text of its file. */
  readonly records = new Map<string, string>();
  readonly documents = new Map<string, string>();
  resourceVersion = 0;
  isFull = false;
}

/** What a controller needs to write to the disk. */
export interface DiskAccess {
  readonly disk: SimulatedDisk;
  readonly owner: TaskOwner;
  readonly scheduler: TaskScheduler;
  readonly clock: SimulatedClock;
  readonly mayWrite: () => boolean;
}

/** Longest wait of a putSoon, and of what could not be written, in milliseconds. */
const soonMs = 1000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The store of one controller: its memory ends with it, and the disk has what was written by then. */
export class SimulatedStore implements Store {
  readonly #access: DiskAccess;
  readonly #index = new RecordIndex((error) => {
    throw error;
  });
  /** Record file -> who waits for it to be written; of one that is written soon nobody does. */
  readonly #dirty = new Map<string, { kind: StoredKind; key: string; waiters: Waiter[] }>();
  #planned = false;
  #failing = false;

  constructor(access: DiskAccess) {
    this.#access = access;
    for (const [path, text] of access.disk.records) {
      const found = parseRecord(text, path);
      if ("corrupt" in found) throw new Error(`${path} ${found.corrupt}`);
      this.#index.load(found);
    }
  }

  get<K extends StoredKind>(kind: K, key: string): RecordOf<K> | undefined {
    return this.#index.get(kind, key);
  }

  list<K extends StoredKind>(kind: K): readonly RecordOf<K>[] {
    return this.#index.list(kind);
  }

  async put<K extends StoredKind>(record: RecordOf<K>): Promise<RecordOf<K>> {
    const { record: stored, changed } = this.#index.apply(record, () => this.nextResourceVersion());
    const path = pathOf(stored.kind, keyOf(stored));
    if (changed || this.#dirty.has(path)) await this.#write(stored.kind, keyOf(stored));
    return stored;
  }

  putSoon<K extends StoredKind>(record: RecordOf<K>): RecordOf<K> {
    const { record: stored, changed } = this.#index.apply(record, () => this.nextResourceVersion());
    if (!changed) return stored;
    this.#note(stored.kind, keyOf(stored));
    this.#plan(soonMs);
    return stored;
  }

  async delete(kind: StoredKind, key: string): Promise<void> {
    if (!this.#index.remove(kind, key, () => this.nextResourceVersion())) return;
    await this.#write(kind, key);
  }

  resourceVersion(): number {
    return this.#access.disk.resourceVersion;
  }

  nextResourceVersion(): number {
    this.#access.disk.resourceVersion += 1;
    return this.#access.disk.resourceVersion;
  }

  onChange(listener: (change: AnyChange) => void): () => void {
    return this.#index.onChange(listener);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#dirty.values()].map(({ kind, key }) => this.#write(kind, key)));
  }

  writable(): boolean {
    return !this.#failing;
  }

  #note(kind: StoredKind, key: string): Waiter[] {
    const path = pathOf(kind, key);
    const waiting = this.#dirty.get(path) ?? { kind, key, waiters: [] };
    this.#dirty.set(path, waiting);
    return waiting.waiters;
  }

  #write(kind: StoredKind, key: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#note(kind, key).push({ resolve, reject });
      const { owner, scheduler } = this.#access;
      const path = pathOf(kind, key);
      scheduler.add(owner, "outside", { label: `write ${path}`, run: () => this.#carryOut(path) });
    });
  }

  #plan(delayMs: number): void {
    if (this.#planned) return;
    this.#planned = true;
    const { owner, scheduler } = this.#access;
    const run = (): void => {
      this.#planned = false;
      for (const path of this.#dirty.keys()) this.#carryOut(path);
    };
    scheduler.add(owner, "owner", { label: "write what has changed", delayMs, run });
  }

  /** Takes the text when it is written: a later change replaces an earlier one that still waits. */
  #carryOut(path: string): void {
    const waiting = this.#dirty.get(path);
    if (waiting === undefined) return;
    const { disk, mayWrite, owner, scheduler } = this.#access;
    const { kind, key, waiters } = waiting;
    const answer = (how: (waiter: Waiter) => void): void => {
      const told = waiters.splice(0);
      if (told.length === 0) return;
      scheduler.add(owner, "owner", { label: `${path} is written`, run: () => told.forEach(how) });
    };
    if (disk.isFull || !mayWrite()) {
      this.#failing = true;
      const error = new StateNotWritable(path, new Error("no space left on device"));
      answer(({ reject }) => reject(error));
      return this.#plan(soonMs);
    }
    this.#failing = false;
    this.#dirty.delete(path);
    const record: StoredRecord | undefined = this.#index.get(kind, key);
    if (record === undefined) disk.records.delete(path);
    else disk.records.set(path, renderRecord(record));
    answer(({ resolve }) => resolve());
  }
}

function pathOf(kind: StoredKind, key: string): string {
  return `${kind}/${key}`;
}

/** A document of one controller on the disk. */
export class SimulatedDocument<T = unknown> implements StateDocument {
  readonly #name: string;
  readonly #access: DiskAccess;
  readonly #nothing: T;

  constructor(name: string, access: DiskAccess, nothing: T) {
    this.#name = name;
    this.#access = access;
    this.#nothing = nothing;
  }

  read(): T {
    const text = this.#access.disk.documents.get(this.#name);
    return text === undefined ? this.#nothing : (JSON.parse(text) as T);
  }

  write(value: T): Promise<void> {
    const { disk, mayWrite, owner, scheduler } = this.#access;
    const text = JSON.stringify(value);
    return new Promise((resolve, reject) => {
      const run = (): void => {
        const fails = disk.isFull || !mayWrite();
        if (!fails) disk.documents.set(this.#name, text);
        const answer = (): void =>
          fails ? reject(new StateNotWritable(this.#name, new Error("no space left on device"))) : resolve();
        scheduler.add(owner, "owner", { label: `${this.#name} is written`, run: answer });
      };
      scheduler.add(owner, "outside", { label: `write ${this.#name}`, run });
    });
  }
}
