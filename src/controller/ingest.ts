import { setImmediate as nextTurn } from "node:timers/promises";
import { apiVersion, type Kind } from "../api/names.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import type { SpecIdentity } from "../api/identity.ts";
import type { Rejection, SourceReference, StoredRecord } from "../core/record.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { SourceChanges, SpecSink } from "../ports/spec-source.ts";
import type { Store } from "../ports/store.ts";
import { sameValue } from "../util/same-value.ts";
import { conflict, homeUnread, identityConflict, unreadHome } from "./spec-conflict.ts";
import type { SourceBook } from "./source-book.ts";
import { documentsAbout, identityKey, type FoundDocument, type SpecIndex } from "./spec-index.ts";
import type { PruneDesks } from "./prune-desks.ts";
import { newRecord, sourceReference } from "./new-record.ts";
import { involved } from "./recorder.ts";
import { storedRecord } from "./stored-record.ts";

export interface IngestOptions {
  readonly store: Store;
  readonly index: SpecIndex;
  readonly prunes: Pick<PruneDesks, "vanished" | "returned" | "expect" | "synced" | "unavailable">;
  readonly book: SourceBook;
  readonly events: EventSink;
  readonly log: Log;
  readonly now: () => number;
  /** The uid for a new object: that of a container which was promised to it or carries its name, else a fresh one. */
  readonly uidFor: (identity: SpecIdentity, document?: ParsedDocument) => string;
  /** A record as it is to be stored in the place of another, with who has written what of it. */
  readonly noted: (before: StoredRecord | undefined, next: StoredRecord) => StoredRecord;
  readonly onChange: (kind: Kind, namespace: string, name: string) => void;
}

/**
 * Text to admitted objects. A bad text never replaces a good one (I10); an object that stands in two files is
 * refused in both; a file that vanished goes to the prune desk of its source. Writes to the store are serialised per
 * call, over all sources.
 */
export class Ingest {
  readonly #options: IngestOptions;
  #tail: Promise<void> = Promise.resolve();
  /** Sources that were read in full at least once. */
  readonly #readOnce = new Set<string>();
  /** Objects whose file may not be the only one; looked at again once everything was read. */
  readonly #undecided = new Map<string, SpecIdentity>();
  readonly #writing = new Set<Promise<void>>();
  /** Source that is not read -> objects that others declare by now, which wait for what it says. */
  readonly #waiting = new Map<string, Map<string, SpecIdentity>>();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Where a source of this name delivers. */
  sinkOf(source: string): SpecSink {
    const { index, prunes, book } = this.#options;
    return {
      upsert: (document) =>
        this.#then(async () => {
          const touched = index.upsert(source, document);
          await this.#settleAll(touched);
          this.#tellUnseen(source, document.path, touched);
          // A thousand files at once must not keep the first of them from being worked on.
          await nextTurn();
        }),
      refuse: (file) =>
        this.#then(async () => {
          const touched = index.refuse(source, file);
          await this.#settleAll(touched);
          this.#tellUnseen(source, file.path, touched);
        }),
      remove: (path) => this.#then(() => this.#settleAll(index.remove(source, path))),
      publish: (changes) => this.#then(() => this.#publish(source, changes)),
      report: (report) => this.#then(() => book.setReport(source, report)),
      synced: (files) =>
        this.#then(async () => {
          this.#readOnce.add(source);
          book.setState(source, { type: "synced", files });
          await this.#settleWaiting(source);
          await prunes.synced(source, files);
        }),
      unavailable: (message) =>
        this.#then(async () => {
          book.setState(source, { type: "unavailable", message });
          prunes.unavailable(source);
          await this.#settleWaiting(source);
        }),
    };
  }

  /** An object was deleted to its end: a file that came meanwhile and is about it gets its say now. */
  deleted(identity: SpecIdentity): void {
    if (!this.#options.index.isUndeclared(identity)) this.#then(() => this.#settle(identity));
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

  /** All is read first, with turns for others in between; then all objects change in one turn. */
  async #publish(source: string, { upserts, refusals, removals }: SourceChanges): Promise<void> {
    const { index } = this.#options;
    const touched = new Map<string, SpecIdentity>();
    /** Path -> what its own file is about: asking every file about every object would block for seconds. */
    const about = new Map<string, readonly SpecIdentity[]>();
    const note = (path: string, identities: readonly SpecIdentity[]): void => {
      about.set(path, identities);
      for (const identity of identities) touched.set(identityKey(identity), identity);
    };
    for (const path of removals) note(path, index.remove(source, path));
    for (const file of refusals) note(file.path, index.refuse(source, file));
    for (const document of upserts) {
      note(document.path, index.upsert(source, document));
      await nextTurn();
    }
    await this.#settleAll([...touched.values()]);
    for (const { path } of [...refusals, ...upserts]) this.#tellUnseen(source, path, about.get(path) ?? []);
  }

  async #settleWaiting(source: string): Promise<void> {
    const waiting = [...(this.#waiting.get(source)?.values() ?? []), ...this.#undecided.values()];
    this.#waiting.delete(source);
    this.#undecided.clear();
    await this.#settleAll(waiting);
    for (const identity of waiting)
      for (const file of this.#options.index.filesOf(identity))
        this.#tellUnseen(file.source, file.path, [identity]);
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
    const home = first === undefined ? undefined : unreadHome(first.file, before, this.#options.book);
    if (home !== undefined && first !== undefined) {
      const waiting = this.#waiting.get(home.source) ?? new Map<string, SpecIdentity>();
      this.#waiting.set(home.source, waiting.set(identityKey(identity), identity));
      // While it is only about to be read, nothing is known to be wrong.
      if (home.isUnread) return;
      return this.#reject(identity, before, homeUnread(identity, first.file, home));
    }
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
   * True while files are read for the first time and this one is not where the last good version comes from: that
   * file may come next, and the two are in conflict.
   */
  #mayBeSecond({ file }: FoundDocument, before: StoredRecord | undefined): boolean {
    if (before === undefined || before.spec === null) return false;
    const { book } = this.#options;
    const { source, path } = before.source;
    const isHomeRead = this.#readOnce.has(source) || book.stateOf(source) === undefined;
    if (!isHomeRead && (source !== file.source || path !== file.path)) return true;
    const areAllRead = this.#readOnce.has(file.source) && book.allAsked;
    return !areAllRead && before.rejection?.reason === identityConflict;
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

  async #accept({ document, file }: FoundDocument, before: StoredRecord | undefined): Promise<void> {
    const { now, uidFor, noted } = this.#options;
    const { namespace, name } = document.identity;
    const source = sourceReference(document, file);
    const revived = before?.deletion == null ? before : undefined;
    const base = revived ?? newRecord(document.identity, source, uidFor(document.identity, document), now());
    const changed = !sameValue(base.spec, document.spec);
    const next = noted(revived, {
      ...base,
      resourceVersion: before?.resourceVersion ?? 0,
      generation: changed || base.generation === 0 ? base.generation + 1 : base.generation,
      labels: document.metadata.labels ?? {},
      annotations: document.metadata.annotations ?? {},
      source,
      rejection: null,
      pruneBlocked: null,
      spec: document.spec,
    } as StoredRecord);
    if (before !== undefined && sameValue(before, next)) return;
    const stored = this.#put(next);
    if (changed)
      this.#tell(stored, "Normal", "SpecAccepted", `generation ${next.generation} of ${file.path}`);
    else if (before?.rejection != null)
      this.#tell(stored, "Normal", "SpecAccepted", `${file.path} is in effect again`);
    this.#options.onChange(next.kind, namespace, name);
    await this.#settleAll(this.#options.index.reconsider(revived, file));
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

  #reject(identity: SpecIdentity, before: StoredRecord | undefined, rejection: Rejection): void {
    const { now, uidFor, index } = this.#options;
    const source: SourceReference = {
      source: index.filesOf(identity)[0]?.source ?? "",
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
  #tellUnseen(source: string, path: string, identities: readonly SpecIdentity[]): void {
    const { index } = this.#options;
    for (const identity of identities) {
      const files = index.filesOf(identity);
      const { rejection = null } = files.find((file) => file.source === source && file.path === path) ?? {};
      const record = this.#stored(identity);
      // What is decided on later is told then.
      if (rejection === null || record === undefined || this.#undecided.has(identityKey(identity))) continue;
      if (sameValue(record.rejection, rejection)) continue;
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
