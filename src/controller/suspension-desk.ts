import { z } from "zod";
import {
  describeSuspension,
  type SourceSuspension,
  unreadableSuspension,
} from "../core/source-suspension.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { ConflictError, InvalidError, NotFoundError } from "../util/errors.ts";
import { Turns } from "../util/turns.ts";
import { readDocument } from "./read-document.ts";
import { aboutSource } from "./source-events.ts";

const Document = z.object({
  version: z.literal(1),
  suspensions: z.array(
    z.object({
      source: z.string(),
      by: z.string(),
      at: z.number(),
      reason: z.string().nullable(),
      unreadable: z.literal(true).optional(),
    }),
  ),
});

export interface SuspensionDeskOptions {
  readonly sources: readonly SpecSource[];
  readonly document: StateDocument;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  /** What is known of a source is to be shown anew. */
  readonly onChange: (source: string) => void;
}

/** Keeps which sources admins have suspended, over restarts of the controller too. */
export class SuspensionDesk {
  readonly #options: SuspensionDeskOptions;
  #suspensions: readonly SourceSuspension[];
  /** One change at a time, so that what is written, what holds and what sources were told is the same. */
  readonly #changing = new Turns(1);

  constructor(options: SuspensionDeskOptions) {
    this.#options = options;
    this.#suspensions = this.#read();
    // Before they run: nothing is under way that would have to be waited for.
    for (const source of options.sources) if (this.of(source.name) !== null) void source.setSuspended?.(true);
  }

  /** Null: it is not suspended. */
  of(source: string): SourceSuspension | null {
    return this.#suspensions.find((one) => one.source === source) ?? null;
  }

  /** Sources that stay as they are because it is not known what was said of them. */
  get unreadable(): readonly string[] {
    return this.#suspensions.filter(({ unreadable }) => unreadable === true).map(({ source }) => source);
  }

  /** ConflictError SourceSuspended where nobody may look for something newer. */
  refuseSync(source: string): void {
    const suspension = this.of(source);
    if (suspension === null) return;
    const message = `the source "${source}" is ${describeSuspension(suspension)}`;
    throw new ConflictError({ reason: "SourceSuspended", message });
  }

  /**
   * Nothing newer of the source comes into effect once this has resolved; a suspended one gets the new reason.
   * Rejects when it could not be written down: it holds all the same, until the controller ends.
   */
  async suspend({ source, by, reason }: Omit<SourceSuspension, "at">): Promise<void> {
    const found = this.#suspendable(source);
    await this.#changing.take(async () => {
      const added = { source, by, at: this.#options.clock.now(), reason };
      this.#suspensions = [...this.#without(source), added];
      await found.setSuspended?.(true);
      this.#tell("SourceSuspended", source, describeSuspension(added));
      await this.#write();
    });
  }

  /** Looks for something newer again, at once. NotFoundError where the source is not suspended. */
  async resume(source: string, by: string): Promise<void> {
    const found = this.#suspendable(source);
    await this.#changing.take(async () => {
      if (this.of(source) === null) {
        const message = `the source "${source}" is not suspended`;
        throw new NotFoundError({ reason: "NotSuspended", message });
      }
      const before = this.#suspensions;
      try {
        // Not before it is written down, or it would hold again after a restart.
        this.#suspensions = this.#without(source);
        await this.#write();
      } catch (error) {
        this.#suspensions = before;
        throw error;
      }
      await found.setSuspended?.(false);
      this.#tell("SourceResumed", source, `resumed by ${by}`);
    });
  }

  #suspendable(name: string): SpecSource {
    const source = this.#options.sources.find((one) => one.name === name);
    if (source === undefined) {
      const message = `there is no source "${name}"`;
      throw new NotFoundError({ reason: "NoSuchSource", message, remedy: "see: ds01 get sources" });
    }
    if (source.setSuspended !== undefined) return source;
    throw new InvalidError({
      reason: "NotSuspendable",
      message: `the source "${name}" is a directory of this host, which is read as it stands`,
      remedy: "only Git repositories can be suspended",
    });
  }

  #without(source: string): readonly SourceSuspension[] {
    return this.#suspensions.filter((one) => one.source !== source);
  }

  #tell(reason: string, source: string, message: string): void {
    const { events, log, onChange } = this.#options;
    log.warn({ reason, source }, message);
    events.record({ type: "Normal", reason, message, about: aboutSource(source) });
    onChange(source);
  }

  #read(): readonly SourceSuspension[] {
    let standIns: readonly SourceSuspension[] = [];
    const read = readDocument(this.#options.document, Document, () => {
      standIns = this.#standIns();
    });
    return read?.suspensions ?? standIns;
  }

  /** Whatever admins held back would come into effect otherwise; the file stays as it is until somebody decides. */
  #standIns(): readonly SourceSuspension[] {
    const { sources, clock, events, log } = this.#options;
    const reason = "SuspensionsUnreadable";
    log.error({ reason }, "which sources are suspended cannot be read; every Git source counts as suspended");
    const suspensions = sources
      .filter((source) => source.setSuspended !== undefined)
      .map(({ name }) => unreadableSuspension(name, clock.now()));
    for (const suspension of suspensions) {
      const about = aboutSource(suspension.source);
      events.record({ type: "Warning", reason, message: describeSuspension(suspension), about });
    }
    return suspensions;
  }

  async #write(): Promise<void> {
    await this.#options.document.write({ version: 1, suspensions: this.#suspensions });
  }
}
