import { z } from "zod";
import { apiVersion } from "../api/names.ts";
import { reckonedTime } from "../core/container-clock.ts";
import { finishesFirst } from "../core/deletion-policy.ts";
import {
  describeOverride,
  endOfOverride,
  holdsAt,
  overrideBounds,
  overridden,
  overrideFor,
  overridesTold,
  type StopOverride,
} from "../core/stop-override.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { StateDocument } from "../ports/state-document.ts";
import type { Store } from "../ports/store.ts";
import { formatDuration } from "../util/duration.ts";
import { ConflictError, InvalidError, messageOf, NotFoundError } from "../util/errors.ts";
import { Turns } from "../util/turns.ts";
import { readDocument } from "./read-document.ts";
import { involved } from "./recorder.ts";

const Document = z.object({
  version: z.literal(1),
  overrides: z.array(
    z.object({
      uid: z.string(),
      namespace: z.string(),
      name: z.string(),
      by: z.string(),
      at: z.number(),
      clock: z.object({ boot: z.string(), bootedAt: z.number() }).nullish(),
      forMs: z.number().min(0).max(overrideBounds.mostMs),
      reason: z.string().nullable(),
    }),
  ),
});

/** However late an end is, it is looked for this often: where the clock was set it is told at another time (milliseconds). */
const lookEveryMs = 60_000;

export interface StopOverrideDeskOptions {
  readonly document: StateDocument;
  readonly store: Store;
  readonly sources: readonly Pick<SpecSource, "name" | "place">[];
  readonly events: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Everybody is to be looked at. */
  readonly onChange: () => void;
}

/** What somebody wants stopped, and until when. */
type Request = Pick<StopOverride, "namespace" | "name" | "by" | "forMs" | "reason">;

/** Keeps what is stopped for a while whatever Git says, over restarts of the controller too. */
export class StopOverrideDesk {
  readonly #options: StopOverrideDeskOptions;
  #overrides: readonly StopOverride[];
  /** What is asked for at the same moment is written in that order, nothing over something newer. */
  readonly #changing = new Turns(1);
  #cancelLook = (): void => undefined;

  constructor(options: StopOverrideDeskOptions) {
    this.#options = options;
    const reading = options.clock.reading();
    // Over a reboot only the wall clock tells how long that was; from now on they go along wherever it is set to.
    this.#overrides = this.#read().map((one) => ({
      ...reckonedTime(one, reading),
      clock: reading ?? one.clock,
    }));
    this.#lookLater();
  }

  /** The override that holds for the object now; null: what its file says holds. */
  of(record: Pick<ContainerRecord, "uid" | "namespace" | "source">): StopOverride | null {
    if (this.#overrides.length === 0) return null;
    const uidOf = (key: string): string | undefined => this.#uidOf(key);
    return overrideFor(this.#reckoned(), record, { now: this.#options.clock.now(), uidOf });
  }

  /** The object as it counts now. */
  overridden(record: ContainerRecord): ContainerRecord {
    return overridden(record, this.of(record));
  }

  /**
   * Holds once this has resolved with its end (milliseconds since the epoch); a new one takes the place of an earlier
   * one. Rejects, and does not hold, where it cannot be written down.
   */
  async stop({ namespace, name, by, forMs, reason }: Request): Promise<number> {
    mustBeInBounds(forMs);
    const { uid } = this.#overridable(namespace, name);
    return this.#changing.take(async () => {
      const { clock } = this.#options;
      const noted = { at: clock.now(), clock: clock.reading() };
      const added = { uid, namespace, name, by, ...noted, forMs, reason };
      await this.#change([...this.#overrides.filter((one) => one.uid !== uid), added]);
      this.#tell(added, "StopOverride", describeOverride(added));
      return endOfOverride(added);
    });
  }

  /** Git is the truth again; NotFoundError NotOverridden where it is already. */
  async end({
    namespace,
    name,
    by,
  }: {
    readonly namespace: string;
    readonly name: string;
    readonly by: string;
  }): Promise<void> {
    const record = this.#record(namespace, name);
    await this.#changing.take(async () => {
      const ended = this.of(record);
      if (ended === null) {
        const message = `there is no override of ${namespace}/${name}`;
        throw new NotFoundError({ reason: "NotOverridden", message });
      }
      if (ended.name !== name) throw sweepOnly(record);
      await this.#change(this.#overrides.filter((one) => one.uid !== ended.uid));
      this.#tell(ended, "StopOverrideOver", `ended by ${by}: what Git says holds again`);
    });
  }

  /** On the wall clock as it is set now. */
  #reckoned(): readonly StopOverride[] {
    const reading = this.#options.clock.reading();
    return this.#overrides.map((one) => reckonedTime(one, reading));
  }

  #uidOf(key: string): string | undefined {
    return this.#options.store.get("ContainerSpec", key)?.uid;
  }

  #isOfNothing({ uid, namespace, name }: StopOverride): boolean {
    return this.#uidOf(`${namespace}/${name}`) !== uid;
  }

  #record(namespace: string, name: string): ContainerRecord {
    const record = this.#options.store.get("ContainerSpec", `${namespace}/${name}`);
    if (record !== undefined) return record;
    throw new NotFoundError({ reason: "NotFound", message: `there is no container ${namespace}/${name}` });
  }

  #overridable(namespace: string, name: string): ContainerRecord {
    const record = this.#record(namespace, name);
    const { source, spec } = record;
    if (source.element !== undefined) throw sweepOnly(record);
    const place = this.#options.sources.find((one) => one.name === source.source)?.place;
    if (place?.type !== "git") {
      throw new InvalidError({
        reason: "OverrideNotNeeded",
        message: `${namespace}/${name} does not come from Git, so there is nothing to override; stop it as it is: ds01 stop ${name}`,
      });
    }
    if (record.deletion !== null || record.pruneBlocked?.reason === finishesFirst) throw toBeRemoved(record);
    if (spec !== null) return record;
    throw new ConflictError({
      reason: "NothingToOverride",
      message: `no version of ${source.path} was ever valid, so nothing of ${namespace}/${name} is in effect`,
    });
  }

  /** Not before it is written down, or a restart would undo it. */
  async #change(overrides: readonly StopOverride[]): Promise<void> {
    await this.#options.document.write({ version: 1, overrides });
    this.#overrides = overrides;
    this.#lookLater();
    this.#options.onChange();
  }

  #lookLater(): void {
    this.#cancelLook();
    if (this.#overrides.length === 0) return;
    const { clock } = this.#options;
    const now = clock.now();
    const next = Math.min(...this.#reckoned().map(endOfOverride), now + lookEveryMs);
    this.#cancelLook = clock.callAt(Math.max(now, next), () => void this.#look());
  }

  /** Takes off the list what has ended by itself, or is of what was removed: it holds no longer in any case. */
  async #look(): Promise<void> {
    const { clock, document, log } = this.#options;
    await this.#changing.take(async () => {
      const now = clock.now();
      const reckoned = this.#reckoned();
      const isSet = reckoned.some((one) => !this.#overrides.includes(one));
      const over = reckoned.filter((one) => !holdsAt(one, now) || this.#isOfNothing(one));
      this.#overrides = reckoned.filter((one) => !over.includes(one));
      this.#lookLater();
      if (over.length === 0 && !isSet) return;
      for (const one of over) {
        const why = this.#isOfNothing(one) ? "what it was about was removed" : "its time is over";
        this.#tell(one, "StopOverrideOver", `${why}: what Git says holds again`);
      }
      this.#options.onChange();
      try {
        await document.write({ version: 1, overrides: this.#overrides });
      } catch (error) {
        // The next controller finds one that is over.
        log.warn({ reason: "StateNotWritable", message: messageOf(error) }, "overrides are not on disk yet");
      }
    });
  }

  #tell({ uid, namespace, name, by }: StopOverride, reason: string, message: string): void {
    const { events, log, store } = this.#options;
    log.warn({ reason, namespace, name, by }, message);
    const record = store.get("ContainerSpec", `${namespace}/${name}`);
    if (record?.uid !== uid) return;
    events.record({ type: "Normal", reason, message, about: involved(record, apiVersion) });
  }

  /** The statuses of the objects tell of each override as well, to the second. */
  #read(): readonly StopOverride[] {
    const { document, log, store } = this.#options;
    let told: readonly StopOverride[] = [];
    const read = readDocument(document, Document, () => {
      told = overridesTold(store.list("ContainerSpec"), (key) => this.#uidOf(key));
      const names = told.map(({ namespace, name }) => `${namespace}/${name}`).join(", ") || "none";
      const message = `what is stopped whatever Git says cannot be read; it is taken from the statuses: ${names}`;
      log.error({ reason: "StopOverridesUnreadable" }, message);
    });
    return read?.overrides ?? told;
  }
}

function mustBeInBounds(forMs: number): void {
  const { leastMs, mostMs } = overrideBounds;
  if (forMs >= leastMs && forMs <= mostMs) return;
  throw new InvalidError({
    reason: "OverrideTimeOutOfBounds",
    message: `an override holds for ${formatDuration(leastMs)} to ${formatDuration(mostMs)}, not for ${formatDuration(forMs)}; for longer change it in Git`,
  });
}

/** Stopped, it would be removed at once, and nothing would be left to run again. */
function toBeRemoved({ namespace, name, deletion, pruneBlocked }: ContainerRecord): ConflictError {
  const message =
    deletion === null
      ? `${namespace}/${name} is removed as soon as it has stopped, so it cannot be stopped for a while: ${pruneBlocked?.cause ?? "its file is gone"}; to end and remove it now: ds01 delete ${name}`
      : `${namespace}/${name} is being removed: ${deletion.cause}`;
  return new ConflictError({ reason: "ToBeRemoved", message });
}

function sweepOnly({ name, source: { element } }: ContainerRecord): ConflictError {
  const of = element?.of ?? name;
  return new ConflictError({
    reason: "OneOfASweep",
    message: `"${name}" is one of the containers of "${of}"; name all of them: ${of}`,
  });
}
