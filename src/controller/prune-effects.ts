import { apiVersion, type Kind } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { involved } from "./recorder.ts";

export interface PruneEffectsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly log: Log;
  readonly onChange: (kind: Kind, namespace: string, name: string) => void;
  /** `--dry-run`: says what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean;
}

/** Why an object is still there whose file is gone. */
export type PruneBlocked = NonNullable<StoredRecord["pruneBlocked"]>;

/** By the guard. */
export function heldBack(message: string): PruneBlocked {
  return { reason: "PruneBlocked", message };
}

/** Writes down what was decided about objects whose file is gone, and tells of it. */
export class PruneEffects {
  readonly #options: PruneEffectsOptions;
  /** Uid -> what a dry run said of it last. */
  readonly #told = new Map<string, string>();

  constructor(options: PruneEffectsOptions) {
    this.#options = options;
  }

  async remove(record: StoredRecord, cause: string): Promise<void> {
    const { store, clock, dryRun } = this.#options;
    if (dryRun === true) return this.#tellOnly(record, "would delete", cause);
    const deletion = { requestedAt: clock.now(), cause };
    // In memory at once: what cannot be written yet is told of all the same, or nobody would look at it.
    const written =
      record.kind === "ContainerSpec"
        ? store.put({ ...record, deletion, pruneBlocked: null })
        : store.delete(record.kind, record.name);
    this.#tell(record, "Normal", "SpecDeleted", `${record.source.path}: ${cause}`);
    await written;
  }

  async keep(record: StoredRecord, why: PruneBlocked): Promise<void> {
    const { reason, message, cause } = why;
    if (record.pruneBlocked?.message === message) return;
    if (this.#options.dryRun === true) return this.#tellOnly(record, "would keep", message);
    const written = this.#options.store.put({ ...record, pruneBlocked: why } as never);
    this.#tell(record, cause === undefined ? "Warning" : "Normal", reason, message);
    await written;
  }

  /** Once for each object: its file stays away. */
  #tellOnly({ kind, namespace, name, uid }: StoredRecord, what: string, cause: string): void {
    if (this.#told.get(uid) === what) return;
    this.#told.set(uid, what);
    this.#options.log.info({ kind, namespace, name, uid, cause }, what);
  }

  #tell(record: StoredRecord, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.events.record({ type, reason, message, about: involved(record, apiVersion) });
    this.#options.onChange(record.kind, record.namespace, record.name);
  }
}
