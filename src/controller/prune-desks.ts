import type { SpecIdentity } from "../api/identity.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { BlockedPrune } from "../api/blocked-prune.ts";
import { finishesFirst, isToFinish } from "../core/deletion-policy.ts";
import { blockedBy } from "../core/prune-confirmation.ts";
import type { StoredRecord } from "../core/record.ts";
import type { PruneDeskOptions } from "./prune-desk-options.ts";
import { PruneDesk } from "./prune-desk.ts";
import type { SourceBook } from "./source-book.ts";
import { storedRecord } from "./stored-record.ts";

export interface PruneDesksOptions extends Omit<
  PruneDeskOptions,
  "owns" | "revision" | "hasDirectory" | "rescan"
> {
  readonly sources: readonly Pick<SpecSource, "name" | "hasDirectory" | "rescan">[];
  readonly book: SourceBook;
  /** Resolves when all that was delivered is taken in. */
  readonly settled: () => Promise<void>;
}

/**
 * One prune desk a source, so that what one has lost is judged by what that one has, whether or not the others can be
 * read now (only what was never read since the start holds it back: it may have got what is missed); and one for the objects of sources that the configuration does not have any more.
 */
export class PruneDesks {
  readonly #options: PruneDesksOptions;
  readonly #desks: ReadonlyMap<string, PruneDesk>;
  readonly #retired: PruneDesk;

  constructor(options: PruneDesksOptions) {
    this.#options = options;
    const { sources, settled } = options;
    this.#desks = new Map(
      sources.map((source) => [
        source.name,
        new PruneDesk({
          ...options,
          owns: (name) => name === source.name,
          revision: () => options.book.revisionOf(source.name),
          hasDirectory: (path) => source.hasDirectory(path),
          rescan: async () => {
            await source.rescan();
            await settled();
          },
        }),
      ]),
    );
    this.#retired = new PruneDesk({
      ...options,
      owns: (name) => !sources.some((source) => source.name === name),
      retired: true,
      revision: () => null,
      hasDirectory: () => true,
      rescan: settled,
    });
  }

  vanished(identity: SpecIdentity): void {
    this.#deskOf(identity).vanished(identity);
  }

  returned(identity: SpecIdentity): void {
    for (const desk of this.#all()) desk.returned(identity);
  }

  /** The next disappearance of this object is meant: no waiting, no guard. */
  expect(identity: SpecIdentity, actor: string): void {
    this.#deskOf(identity).expect(identity, actor);
  }

  /** A complete scan of one source. */
  async synced(source: string, files: number): Promise<void> {
    await this.#desks.get(source)?.synced(files);
    if (this.#options.book.allSynced) await this.#retired.synced(1);
    for (const desk of this.#all()) desk.othersAsked();
  }

  unavailable(source: string): void {
    this.#desks.get(source)?.unavailable();
    // What is nowhere declared may be so in the one that cannot be read.
    this.#retired.unavailable();
    for (const desk of this.#all()) desk.othersAsked();
  }

  blocked(): readonly BlockedPrune[] {
    return this.#all().flatMap((desk) => desk.blocked());
  }

  /** An object is another than before: what its deletion has waited for may have come. */
  changed(record: StoredRecord): void {
    const { namespace, name, kind, source } = record;
    if (record.pruneBlocked?.reason !== finishesFirst || isToFinish(record, "finish")) return;
    (this.#desks.get(source.source) ?? this.#retired).vanished({ kind, namespace, name });
  }

  /** Lets the blocked set of a token or revision through; NotFoundError with what waits now when there is none. */
  async confirm(word: string, actor: string): Promise<void> {
    const { token } = blockedBy(word, this.blocked());
    const desk = this.#all().find((one) => one.blocked().some((blocked) => blocked.token === token));
    await desk?.confirm(token, actor);
  }

  #all(): readonly PruneDesk[] {
    return [...this.#desks.values(), this.#retired];
  }

  #deskOf(identity: SpecIdentity): PruneDesk {
    const source = storedRecord(this.#options.store, identity)?.source.source;
    return this.#desks.get(source ?? "") ?? this.#retired;
  }
}
