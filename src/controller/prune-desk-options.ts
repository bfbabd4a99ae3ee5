import type { DeletionPolicy } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import type { PruneEffectsOptions } from "./prune-effects.ts";
import type { SourceBook } from "./source-book.ts";
import type { SpecIndex } from "./spec-index.ts";

/** What a desk for objects whose file is gone has to know of its source and of the others. */
export interface PruneDeskOptions extends PruneEffectsOptions {
  /** Whether an object of this source is judged here. */
  readonly owns: (source: string) => boolean;
  /** The configuration has no such source any more. */
  readonly retired?: boolean;
  /** What is known of the other sources, to one of which objects may have moved while the controller was away. */
  readonly book: Pick<SourceBook, "allAsked" | "neverRead">;
  /** The revision of the source that is in effect; null where it has none. */
  readonly revision: () => string | null;
  readonly index: SpecIndex;
  readonly hasDirectory: (path: string) => boolean;
  /** Reads the source again and resolves when what it found is taken in. */
  readonly rescan: () => Promise<void>;
  /** An object is about to be deleted, for this cause. */
  readonly onDelete?: (record: StoredRecord, cause: string) => Promise<void>;
  /** What becomes of a running job that does not say it itself. */
  readonly deletionPolicy: DeletionPolicy;
}
