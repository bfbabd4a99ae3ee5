import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RecordOf, StoredRecord } from "../../core/record.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store.ts";
import { replaceFile, syncDirectory, unfinishedFile } from "../atomic-file.ts";
import { messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { parseRecord, recordPath, renderRecord, storedKinds } from "./record-file.ts";
import { RecordIndex, keyOf } from "./record-index.ts";
import type { AnyChange, StoredKind } from "./record-index.ts";
import { ResourceVersionCounter } from "./resource-version.ts";
import { StateNotWritable } from "./state-errors.ts";
import { WriteQueue } from "./write-queue.ts";

export interface FileStoreOptions {
  readonly stateDir: string;
  readonly log: Log;
  /** Whether this process may still write here (InstanceLock.held); nothing is written once it says no. */
  readonly mayWrite?: () => boolean;
  /** Longest wait of a putSoon before it goes to disk. */
  readonly soonMs?: number;
  /** Wait before what could not be written is tried again. */
  readonly retryMs?: number;
}

interface Job {
  readonly kind: StoredKind;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

interface LoadedRecord {
  readonly path: string;
  readonly record: StoredRecord;
}

/** Records as one JSON file each below `<state>/objects`; only the lock's holder may open one. */
export class FileStore implements Store {
  readonly #options: FileStoreOptions;
  readonly #objects: string;
  readonly #index: RecordIndex;
  readonly #versions: ResourceVersionCounter;
  readonly #queue: WriteQueue<Job>;

  /** Reads everything; a corrupt file is moved aside. Throws StateTooNew, and StateNotWritable when nothing can be kept. */
  constructor(options: FileStoreOptions) {
    this.#options = options;
    this.#objects = join(options.stateDir, "objects");
    this.#index = new RecordIndex((error) => {
      options.log.error({ err: error }, "a listener of the store failed");
    });
    try {
      for (const kind of storedKinds) mkdirSync(join(this.#objects, kind), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new StateNotWritable(this.#objects, error);
    }
    const floor = this.#load();
    this.#queue = new WriteQueue<Job>({
      write: async (jobs) => this.#write(jobs),
      soonMs: options.soonMs ?? 1000,
      retryMs: options.retryMs ?? 1000,
    });
    this.#versions = new ResourceVersionCounter({
      path: join(options.stateDir, "resource-version"),
      floor,
      mayWrite: () => this.#mayWrite(),
      onWriteError: (error) => {
        if (this.writable()) options.log.warn({ reason: error.reason, err: error }, error.message);
        this.#queue.markFailing();
      },
    });
  }

  get<K extends StoredKind>(kind: K, key: string): RecordOf<K> | undefined {
    return this.#index.get(kind, key);
  }

  list<K extends StoredKind>(kind: K): readonly RecordOf<K>[] {
    return this.#index.list(kind);
  }

  async put<K extends StoredKind>(record: RecordOf<K>): Promise<RecordOf<K>> {
    const { record: stored, changed } = this.#index.apply(record, () => this.#versions.next());
    const job = jobOf(stored);
    if (changed || this.#queue.pending(queueKey(job))) await this.#queue.now(queueKey(job), job);
    return stored;
  }

  putSoon<K extends StoredKind>(record: RecordOf<K>): RecordOf<K> {
    const { record: stored, changed } = this.#index.apply(record, () => this.#versions.next());
    const job = jobOf(stored);
    if (changed) this.#queue.soon(queueKey(job), job);
    return stored;
  }

  async delete(kind: StoredKind, key: string): Promise<void> {
    const record = this.#index.get(kind, key);
    if (record === undefined) return;
    const job = jobOf(record);
    this.#index.remove(kind, key, () => this.#versions.next());
    await this.#queue.now(queueKey(job), job);
  }

  resourceVersion(): number {
    return this.#versions.current();
  }

  nextResourceVersion(): number {
    return this.#versions.next();
  }

  onChange(listener: (change: AnyChange) => void): () => void {
    return this.#index.onChange(listener);
  }

  async flush(): Promise<void> {
    await this.#queue.flush();
  }

  /** False from a write that failed until one that worked; what failed is tried again by itself. */
  writable(): boolean {
    return this.#queue.healthy();
  }

  /** Writes what is pending and stops; the store must not be used afterwards. */
  async close(): Promise<void> {
    try {
      await this.#queue.flush();
    } finally {
      this.#queue.stop();
      this.#versions.close();
    }
  }

  #mayWrite(): boolean {
    return this.#options.mayWrite?.() ?? true;
  }

  /** Writes a batch, then syncs each directory once. */
  async #write(jobs: readonly Job[]): Promise<{ failed: readonly Job[]; error?: StateNotWritable }> {
    const failed = new Set<Job>();
    const directories = new Map<string, Job[]>();
    let error: StateNotWritable | undefined;
    const fail = (job: Job, path: string, cause: unknown): void => {
      failed.add(job);
      error ??= new StateNotWritable(path, cause);
    };
    const remaining = [...jobs];
    const worker = async (): Promise<void> => {
      for (let job = remaining.pop(); job !== undefined; job = remaining.pop()) {
        const path = join(this.#objects, recordPath(job.kind, job.namespace, job.name));
        try {
          await this.#writeOne(job, path);
          const directory = dirname(path);
          directories.set(directory, [...(directories.get(directory) ?? []), job]);
        } catch (cause) {
          fail(job, path, cause);
        }
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    await Promise.all(
      [...directories].map(async ([directory, written]) => {
        await syncDirectory(directory).catch((cause: unknown) => {
          // A directory that is not there holds no name that could be lost.
          if (errorCode(cause) !== "ENOENT") for (const job of written) fail(job, directory, cause);
        });
      }),
    );
    if (error === undefined) return { failed: [] };
    if (this.writable())
      this.#options.log.warn({ reason: error.reason, err: error, objects: failed.size }, error.message);
    return { failed: [...failed], error };
  }

  async #writeOne(job: Job, path: string): Promise<void> {
    if (!this.#mayWrite()) throw new Error("another controller has taken over the state directory");
    const record = this.#index.get(job.kind, job.key);
    if (record === undefined) {
      await rm(path, { force: true });
      return;
    }
    try {
      await replaceFile(path, renderRecord(record), 0o600);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await syncDirectory(dirname(dirname(path)));
      await replaceFile(path, renderRecord(record), 0o600);
    }
  }

  /** Returns the highest resourceVersion met. */
  #load(): number {
    let highest = 0;
    const loaded = new Map<string, LoadedRecord>();
    for (const kind of storedKinds) {
      for (const directory of readdirSync(join(this.#objects, kind), { withFileTypes: true })) {
        if (!directory.isDirectory()) continue;
        const path = join(this.#objects, kind, directory.name);
        for (const name of readdirSync(path)) {
          const file = join(path, name);
          const record = this.#loadFile(file);
          if (record === undefined) continue;
          highest = Math.max(highest, record.resourceVersion);
          // Containers belong to a uid; nothing belongs to that of a quota.
          const key = record.kind === "ContainerSpec" ? record.uid : file;
          loaded.set(key, this.#older({ path: file, record }, loaded.get(key)));
        }
      }
    }
    for (const { record } of loaded.values()) this.#index.load(record);
    return highest;
  }

  /** Of two records with one uid, as after a copy by hand, the older one has it; the other is made anew, with one of its own. */
  #older(one: LoadedRecord, other: LoadedRecord | undefined): LoadedRecord {
    if (other === undefined) return one;
    const [first, second] = [one, other].toSorted(
      (left, right) => left.record.createdAt - right.record.createdAt || (left.path < right.path ? -1 : 1),
    ) as [LoadedRecord, LoadedRecord];
    this.#moveAside(second.path, `has the uid of ${first.record.kind} ${keyOf(first.record)}`);
    return first;
  }

  #loadFile(path: string): StoredRecord | undefined {
    if (unfinishedFile.test(basename(path))) {
      rmSync(path, { force: true });
      return undefined;
    }
    try {
      const found = parseRecord(readFileSync(path, "utf8"), path);
      if ("corrupt" in found) {
        this.#moveAside(path, found.corrupt);
        return undefined;
      }
      if (path === join(this.#objects, recordPath(found.kind, found.namespace, found.name))) return found;
      this.#moveAside(path, `holds ${found.kind} ${keyOf(found)}, which belongs elsewhere`);
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      this.#moveAside(path, `cannot be read (${messageOf(error)})`);
    }
    return undefined;
  }

  #moveAside(path: string, why: string): void {
    const corrupt = join(this.#options.stateDir, "corrupt");
    const kept = join(corrupt, `${path.slice(this.#objects.length + 1).replaceAll("/", "_")}.${Date.now()}`);
    const fields = { reason: "StateCorrupt", path, movedTo: kept };
    try {
      mkdirSync(corrupt, { recursive: true, mode: 0o700 });
      renameSync(path, kept);
      this.#options.log.warn(
        fields,
        `${path} ${why}; moved to ${kept}, the object is made anew from its spec file`,
      );
    } catch (error) {
      this.#options.log.warn(
        { ...fields, err: error },
        `${path} ${why} and cannot be moved aside; it is ignored`,
      );
    }
  }
}

function jobOf(record: StoredRecord): Job {
  return { kind: record.kind, namespace: record.namespace, name: record.name, key: keyOf(record) };
}

function queueKey(job: Job): string {
  return `${job.kind}/${job.key}`;
}
