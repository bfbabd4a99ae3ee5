import { setImmediate as nextTurn } from "node:timers/promises";
import { apiVersion, type Kind } from "../api/names.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import type { SpecIdentity } from "../api/identity.ts";
import type { Rejection, SourceReference, StoredRecord } from "../core/record.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { RefusedFile, SourcedText, SpecSink } from "../ports/spec-source.ts";
import type { Store } from "../ports/store.ts";
import { sameValue } from "../util/same-value.ts";
import { identityKey, type IndexedFile, type SpecIndex } from "./spec-index.ts";
import type { PruneDesk } from "./prune-desk.ts";
import { newRecord } from "./new-record.ts";
import { involved } from "./recorder.ts";
import { storedRecord } from "./stored-record.ts";

export interface IngestOptions {
  readonly sourceName: string;
  readonly store: Store;
  readonly index: SpecIndex;
  readonly prunes: PruneDesk;
  readonly events: EventSink;
  readonly log: Log;
  readonly now: () => number;
  /** The uid for a new object: that of a container which was promised to it or carries its name, else a fresh one. */
  readonly uidFor: (identity: SpecIdentity, document?: ParsedDocument) => string;
  readonly onChange: (kind: Kind, namespace: string, name: string) => void;
  readonly onSynced: (synced: boolean, message: string) => void;
}

/**
 * Text to admitted objects. A bad text never replaces a good one (I10); an object that stands in two files is
 * refused in both; a file that vanished goes to the prune desk. Writes to the store are serialised per call.
 */
export class Ingest implements SpecSink {
  readonly #options: IngestOptions;
  #tail: Promise<void> = Promise.resolve();
  #readOnce = false;
  /** Objects whose file may not be the only one; looked at again once everything was read. */
  readonly #undecided = new Map<string, SpecIdentity>();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  upsert(document: SourcedText): void {
    this.#then(async () => {
      const touched = this.#options.index.upsert(document);
      await this.#settleAll(touched);
      this.#tellUnseen(document.path, touched);
      // A thousand files at once must not keep the first of them from being worked on.
      await nextTurn();
    });
  }

  refuse(file: RefusedFile): void {
    this.#then(async () => {
      const touched = this.#options.index.refuse(file);
      await this.#settleAll(touched);
      this.#tellUnseen(file.path, touched);
    });
  }

  remove(path: string): void {
    this.#then(() => this.#settleAll(this.#options.index.remove(path)));
  }

  synced(files: number): void {
    this.#then(async () => {
      this.#readOnce = true;
      await this.#settleAll([...this.#undecided.values()]);
      this.#undecided.clear();
      this.#options.onSynced(true, `${files} spec files`);
      await this.#options.prunes.synced(files);
    });
  }

  unavailable(message: string): void {
    this.#then(() => {
      this.#options.prunes.unavailable();
      this.#options.onSynced(false, message);
    });
  }

  /** Resolves when everything delivered so far is in the store and on disk. */
  async settled(): Promise<void> {
    await this.#tail;
    await Promise.all(this.#writing);
  }

  #then(work: () => Promise<void> | void): void {
    this.#tail = this.#tail.then(work).catch((error: unknown) => {
      this.#options.log.error({ err: error, reason: "IngestFailed" }, "a spec file could not be taken in");
    });
  }

  async #settleAll(identities: readonly SpecIdentity[]): Promise<void> {
    for (const identity of identities) await this.#settle(identity);
  }

  /** Makes the stored object say what the files say about it now. */
  async #settle(identity: SpecIdentity): Promise<void> {
    const { index, prunes } = this.#options;
    const files = index.filesOf(identity);
    const before = this.#stored(identity);
    if (files.length === 0) {
      if (before !== undefined) this.#vanished(identity, before);
      return;
    }
    prunes.returned(identity);
    const good = files.flatMap((file) => documentsAbout(file, identity));
    const [first] = good;
    if (good.length > 1) return this.#reject(identity, before, conflict(identity, files));
    // A broken file beside a good one is only thought to be about the same object: it blocks nothing.
    if (first !== undefined) {
      if (!this.#mayBeSecond(first, before)) return this.#accept(first, before);
      this.#undecided.set(identityKey(identity), identity);
      return;
    }
    const rejection = files[0]?.rejection ?? null;
    if (rejection !== null) this.#reject(identity, before, rejection);
  }

  /**
   * True while the files are read for the first time and this one is not where the last good version comes from: that
   * file may come next, and the two are in conflict.
   */
  #mayBeSecond({ file }: Found, before: StoredRecord | undefined): boolean {
    if (this.#readOnce || before === undefined || before.spec === null) return false;
    return before.source.path !== file.path || before.rejection?.reason === identityConflict;
  }

  /** Where its sweep is still there and has fewer elements by now, that says enough. */
  #vanished(identity: SpecIdentity, { source, namespace }: StoredRecord): void {
    const { index, prunes } = this.#options;
    const sweep = source.element?.of;
    if (sweep !== undefined && index.declares({ ...identity, name: sweep })) {
      prunes.expect(identity, `spec.replicas of ${namespace}/${sweep}`);
    }
    prunes.vanished(identity);
  }

  async #accept({ document, file }: Found, before: StoredRecord | undefined): Promise<void> {
    const { now, uidFor } = this.#options;
    const { namespace, name } = document.identity;
    const source = this.#sourceOf(document, file);
    const revived = before?.deletion == null ? before : undefined;
    const base = revived ?? newRecord(document.identity, source, uidFor(document.identity, document), now());
    const changed = !sameValue(base.spec, document.spec);
    const next = {
      ...base,
      resourceVersion: before?.resourceVersion ?? 0,
      generation: changed || base.generation === 0 ? base.generation + 1 : base.generation,
      labels: document.metadata.labels ?? {},
      annotations: document.metadata.annotations ?? {},
      source,
      rejection: null,
      pruneBlocked: null,
      spec: document.spec,
    } as StoredRecord;
    if (before !== undefined && sameValue(before, next)) return;
    const stored = this.#put(next);
    if (changed)
      this.#tell(stored, "Normal", "SpecAccepted", `generation ${next.generation} of ${file.path}`);
    else if (before?.rejection != null)
      this.#tell(stored, "Normal", "SpecAccepted", `${file.path} is in effect again`);
    this.#options.onChange(next.kind, namespace, name);
  }

  /**
   * In memory at once, and on its way to disk while the object is worked on: what a crash loses in between stands
   * in the file and on the container. The store itself tries again what could not be written.
   */
  #put(record: StoredRecord): StoredRecord {
    const { store, log } = this.#options;
    const written = store
      .put(record as never)
      .catch((error: unknown) => {
        log.warn({ err: error, namespace: record.namespace, name: record.name }, "a spec is not yet on disk");
      })
      .then(() => void this.#writing.delete(written));
    this.#writing.add(written);
    return this.#stored(record) ?? record;
  }

  #sourceOf(document: ParsedDocument, file: IndexedFile): SourceReference {
    return {
      source: this.#options.sourceName,
      path: file.path,
      contentHash: file.contentHash,
      positions: document.positions,
      ...(file.revision === undefined ? {} : { revision: file.revision }),
      ...(document.element === undefined ? {} : { element: document.element }),
    };
  }

  #reject(identity: SpecIdentity, before: StoredRecord | undefined, rejection: Rejection): void {
    const { now, uidFor, sourceName } = this.#options;
    const source: SourceReference = {
      source: sourceName,
      path: rejection.path,
      contentHash: "",
      positions: {},
    };
    const base = before ?? newRecord(identity, source, uidFor(identity), now());
    if (before !== undefined && before.pruneBlocked === null && sameValue(before.rejection, rejection))
      return;
    const stored = this.#put({ ...base, rejection, pruneBlocked: null } as StoredRecord);
    const kept = base.spec === null ? "" : " (last good kept)";
    this.#tell(stored, "Warning", rejection.reason, `${rejection.message}${kept}`);
    this.#options.onChange(identity.kind, identity.namespace, identity.name);
  }

  /** A broken file about which no object says anything, as another file speaks for it: somebody has to. */
  #tellUnseen(path: string, identities: readonly SpecIdentity[]): void {
    for (const identity of identities) {
      const { rejection = null } =
        this.#options.index.filesOf(identity).find((file) => file.path === path) ?? {};
      const record = this.#stored(identity);
      if (rejection === null || record === undefined || record.rejection?.path === path) continue;
      this.#tell(
        record,
        "Warning",
        rejection.reason,
        `${rejection.message} (nothing of this file is in effect)`,
      );
    }
  }

  #stored(identity: SpecIdentity): StoredRecord | undefined {
    return storedRecord(this.#options.store, identity);
  }

  #tell(record: StoredRecord, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.events.record({ type, reason, message, about: involved(record, apiVersion) });
    this.#options.log.info(
      { kind: record.kind, namespace: record.namespace, name: record.name, uid: record.uid, reason, message },
      "spec taken in",
    );
  }
}

const identityConflict = "IdentityConflict";

interface Found {
  readonly document: ParsedDocument;
  readonly file: IndexedFile;
}

function documentsAbout(file: IndexedFile, identity: SpecIdentity): readonly Found[] {
  return file.documents
    .filter(({ identity: own }) => own.namespace === identity.namespace && own.name === identity.name)
    .map((document) => ({ document, file }));
}

/** That a sweep is what declares it, which nobody finds by its name. */
function asElement(identity: SpecIdentity, files: readonly IndexedFile[]): string {
  const found = files.flatMap((file) => documentsAbout(file, identity));
  const element = found.find(({ document }) => document.element !== undefined)?.document.element;
  return element === undefined ? "" : ` (once as number ${element.index} of the replicas of ${element.of})`;
}

function conflict(identity: SpecIdentity, files: readonly IndexedFile[]): Rejection {
  const paths = files.map(({ path }) => path);
  const object = identity.namespace === "" ? identity.name : `${identity.namespace}/${identity.name}`;
  return {
    reason: identityConflict,
    message: `${object} is declared in ${paths.join(" and ")}${asElement(identity, files)}: keep one of them`,
    path: paths[0] ?? "",
    problems: [],
  };
}
