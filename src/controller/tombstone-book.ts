import { z } from "zod";
import { writtenKinds } from "../api/document.ts";
import type { StoredRecord } from "../core/record.ts";
import { recalled, standing, tombstoneOf, type Tombstone, withTombstone } from "../core/tombstone.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { readDocument } from "./read-document.ts";
import { Turns } from "../util/turns.ts";

const texts = z.record(z.string(), z.string());
const Document = z.object({
  version: z.literal(1),
  tombstones: z.array(
    z.object({
      kind: z.enum(writtenKinds),
      namespace: z.string(),
      name: z.string(),
      path: z.string(),
      labels: texts,
      annotations: texts,
      spec: z.unknown(),
      gpus: z.array(z.string()).optional(),
      deletedAt: z.number(),
      cause: z.string(),
    }),
  ),
});

export interface TombstoneBookOptions {
  readonly document: StateDocument;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps for a day what the specs of deleted objects said, over restarts of the controller too. */
export class TombstoneBook {
  readonly #options: TombstoneBookOptions;
  /** Nothing older is written over something newer. */
  readonly #writing = new Turns(1);
  #tombstones: readonly Tombstone[];

  constructor(options: TombstoneBookOptions) {
    this.#options = options;
    const { document, log } = options;
    const message = "what was deleted before cannot be brought back";
    const tell = (): void => log.warn({ reason: "TombstonesUnreadable" }, message);
    this.#tombstones = readDocument(document, Document, tell)?.tombstones ?? [];
  }

  /** What can be brought back now, the newest first. */
  list(): readonly Tombstone[] {
    return standing(this.#tombstones, this.#options.clock.now());
  }

  /** A new object with what is still known of one of its name. */
  recall(fresh: StoredRecord): StoredRecord {
    return recalled(fresh, this.list());
  }

  /**
   * Notes what an object said, before its deletion takes effect. That it cannot be written is told in the log and
   * keeps no deletion from taking effect: it was asked for.
   */
  async note(record: StoredRecord, cause: string): Promise<void> {
    const { clock, document, log } = this.#options;
    const now = clock.now();
    const tombstone = tombstoneOf(record, cause, now);
    if (tombstone === null) return;
    this.#tombstones = withTombstone(this.#tombstones, tombstone, now);
    try {
      await this.#writing.take(() => document.write({ version: 1, tombstones: this.#tombstones }));
    } catch (error) {
      const { kind, namespace, name } = record;
      log.error(
        { err: error, reason: "TombstoneNotWritten", kind, namespace, name },
        "it is kept in memory only",
      );
    }
  }
}
