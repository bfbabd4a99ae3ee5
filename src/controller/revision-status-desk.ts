import { revisionStatus, type RevisionStatus } from "../core/revision-status.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { Store } from "../ports/store.ts";
import { messageOf } from "../util/errors.ts";
import { sameValue } from "../util/same-value.ts";
import type { KnownSource } from "./source-book.ts";
import { aboutSource } from "./source-events.ts";
import { identityKey, type SpecIndex } from "./spec-index.ts";
import { storedRecord } from "./stored-record.ts";

export interface RevisionStatusDeskOptions {
  readonly sources: readonly SpecSource[];
  readonly store: Store;
  readonly index: Pick<SpecIndex, "filesFrom">;
  readonly events: EventSink;
  readonly log: Log;
  readonly dryRun: boolean;
}

/** What is to be said of a source's newest revision, and what was said. */
interface Progress {
  wanted: RevisionStatus;
  told: RevisionStatus | null;
  isTelling: boolean;
}

/**
 * Says what became of a revision where it was pushed. Of what comes in quick succession only the last is said, one at a
 * time for each source; what could not be said is tried again after the next look.
 */
export class RevisionStatusDesk {
  readonly #options: RevisionStatusDeskOptions;
  readonly #progress = new Map<string, Progress>();

  constructor(options: RevisionStatusDeskOptions) {
    this.#options = options;
  }

  /** A look at a source has ended, and what it found is taken in. */
  note({ source: { name }, state, report }: KnownSource): void {
    const source = this.#options.sources.find((one) => one.name === name);
    // Without an attempt there is no news.
    if (source?.tellStatus === undefined || this.#options.dryRun || report?.attemptedAt == null) return;
    const { inEffect, rejections } = this.#filesOf(name);
    const wanted = revisionStatus({
      source: name,
      revision: report.revision,
      failure: report.failure,
      files: state.type === "synced" ? inEffect : 0,
      rejections,
    });
    if (wanted === null) return;
    const progress = this.#progress.get(name) ?? { wanted, told: null, isTelling: false };
    progress.wanted = wanted;
    this.#progress.set(name, progress);
    if (!progress.isTelling) void this.#tell(progress, source.tellStatus.bind(source));
  }

  /**
   * Asks the files, not the objects alone: an object of another source may be rejected for a file of this one, and
   * of a broken file that another one speaks for no object says anything.
   */
  #filesOf(name: string): { readonly inEffect: number; readonly rejections: readonly string[] } {
    const { index, store } = this.#options;
    const rejections = new Map<string, string>();
    let inEffect = 0;
    for (const { path, identities, rejection } of index.filesFrom(name)) {
      const found = new Map(
        identities.flatMap((identity) => {
          const why = rejection ?? storedRecord(store, identity)?.rejection;
          return why == null ? [] : [[identityKey(identity), why.message] as const];
        }),
      );
      if (rejection !== null && found.size === 0) found.set(path, rejection.message);
      if (found.size === 0) inEffect += 1;
      for (const [about, message] of found) rejections.set(about, message);
    }
    return { inEffect, rejections: [...rejections.values()] };
  }

  async #tell(progress: Progress, tellStatus: (status: RevisionStatus) => Promise<void>): Promise<void> {
    progress.isTelling = true;
    try {
      while (!sameValue(progress.wanted, progress.told)) {
        const { wanted } = progress;
        await tellStatus(wanted);
        progress.told = wanted;
      }
    } catch (error) {
      this.#tellFailure(progress.wanted, error);
    } finally {
      progress.isTelling = false;
    }
  }

  #tellFailure({ source, revision }: RevisionStatus, error: unknown): void {
    const { events, log } = this.#options;
    const reason = "RevisionStatusFailed";
    const message = `what became of ${revision} could not be told: ${messageOf(error)}`;
    // What the program itself has said stands in the log alone.
    const said = error instanceof Error && "said" in error ? { said: error.said } : {};
    log.warn({ source, reason, ...said }, message);
    events.record({ type: "Warning", reason, message, about: aboutSource(source) });
  }
}
