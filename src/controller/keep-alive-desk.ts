import { z } from "zod";
import { apiVersion } from "../api/names.ts";
import { reckonedTime, type ClockReading } from "../core/container-clock.ts";
import { formatTime } from "../core/format-time.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import type { Store } from "../ports/store.ts";
import { formatDuration } from "../util/duration.ts";
import { DeniedError, NotFoundError } from "../util/errors.ts";
import { involved } from "./recorder.ts";
import { readDocument } from "./read-document.ts";
import { isRecent } from "../util/is-recent.ts";

const Document = z.object({
  version: z.literal(1),
  kept: z.record(
    z.string(),
    z.object({
      until: z.number(),
      by: z.string(),
      clock: z.object({ boot: z.string(), bootedAt: z.number() }).nullish(),
    }),
  ),
  unreadable: z.object({ at: z.number(), except: z.array(z.string()) }).optional(),
});

/** Stands for what cannot be read: everything is kept, at most for the longest time from `at` on. */
interface Unreadable {
  readonly at: number;
  /** Uids of which somebody has said since that they are not to be kept. */
  readonly except: readonly string[];
}

/** That somebody wants an object left alone. */
interface Kept {
  /** Milliseconds since the epoch, on the wall clock as it stood at `clock`. */
  readonly until: number;
  readonly by: string;
  readonly clock?: ClockReading | null | undefined;
}

export interface KeepAliveDeskOptions {
  readonly document: StateDocument;
  readonly store: Store;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest time that can be asked for, in milliseconds. */
  readonly longestMs: number;
  readonly onChange: (record: ContainerRecord) => void;
}

/** Keeps who has asked for which container to be left alone however idle it is, over restarts of the controller too. */
export class KeepAliveDesk {
  readonly #options: KeepAliveDeskOptions;
  readonly #kept: Map<string, Kept>;
  #unreadable: Unreadable | null = null;

  constructor(options: KeepAliveDeskOptions) {
    this.#options = options;
    this.#kept = this.#read();
  }

  /** Until when everything is kept, as it is not known who has asked for what; null: that is known, or over. */
  get unreadableUntil(): number | null {
    const { clock, longestMs } = this.#options;
    const at = this.#unreadable?.at;
    // The clock may have been set back since.
    return at !== undefined && isRecent(at, clock.now(), longestMs) ? at + longestMs : null;
  }

  /**
   * Leaves the object alone for so long from now on; no time at all takes that back. Resolves with the end (null: none).
   * DeniedError for longer than an admin allows.
   */
  async keep(
    namespace: string,
    name: string,
    { forMs, by }: { readonly forMs: number; readonly by: string },
  ): Promise<number | null> {
    const { store, clock, longestMs, events, onChange } = this.#options;
    const record = store.get("ContainerSpec", `${namespace}/${name}`);
    if (record === undefined) {
      throw new NotFoundError({ reason: "NotFound", message: `there is no container ${namespace}/${name}` });
    }
    if (forMs > longestMs) {
      throw new DeniedError({
        reason: "KeepAliveTooLong",
        message: `${namespace}/${name} can be kept for ${formatDuration(longestMs)} at most (idle.keepAliveMax of the configuration), not for ${formatDuration(forMs)}`,
        remedy: "ask for less, and again before it is over; for good an admin can exempt it",
      });
    }
    const until = forMs === 0 ? null : clock.now() + forMs;
    if (until === null) this.#release(record.uid);
    else this.#kept.set(record.uid, { until, by, clock: clock.reading() });
    const message =
      until === null ? `no longer kept, says ${by}` : `left alone until ${formatTime(until)}, says ${by}`;
    events.record({ type: "Normal", reason: "KeptAlive", message, about: involved(record, apiVersion) });
    onChange(record);
    await this.#write();
    return until;
  }

  /**
   * Why the object is to count as busy, by word for it or for its whole sweep, or by a file touched at `fileAt`;
   * undefined when nothing says so.
   */
  reasonFor(record: ContainerRecord, fileAt: number | null): string | undefined {
    const { clock, longestMs } = this.#options;
    const now = clock.now();
    const uids = [record.uid, this.#sweepOf(record)].flatMap((uid) => uid ?? []);
    const kept = uids.flatMap((uid) => this.#reckoned(uid) ?? []);
    const longest = kept.toSorted((left, right) => right.until - left.until)[0];
    if (longest !== undefined && longest.until > now)
      return `kept until ${formatTime(longest.until)} by ${longest.by}`;
    const unreadableUntil = uids.some((uid) => this.#unreadable?.except.includes(uid))
      ? null
      : this.unreadableUntil;
    if (unreadableUntil !== null)
      return `kept until ${formatTime(unreadableUntil)}, as it cannot be read who asked for what`;
    // The clock may have been set back since.
    const isFresh = fileAt !== null && isRecent(fileAt, now, longestMs);
    return isFresh ? `.keep-alive, until ${formatTime(fileAt + longestMs)}` : undefined;
  }

  /** On the wall clock as it is set now: what was asked for as a length of time gets no longer or shorter. */
  #reckoned(uid: string): Kept | undefined {
    const kept = this.#kept.get(uid);
    return kept === undefined ? undefined : reckonedKept(kept, this.#options.clock.reading());
  }

  /** Also where everything is kept: this much is known. */
  #release(uid: string): void {
    this.#kept.delete(uid);
    if (this.#unreadable === null) return;
    const { at, except } = this.#unreadable;
    this.#unreadable = { at, except: [...except, uid] };
  }

  /** Uid of the sweep that the object is a container of. */
  #sweepOf({ namespace, source: { element } }: ContainerRecord): string | undefined {
    if (element === undefined) return undefined;
    return this.#options.store.get("ContainerSpec", `${namespace}/${element.of}`)?.uid;
  }

  async #write(): Promise<void> {
    const { document, store, clock } = this.#options;
    const known = new Set(store.list("ContainerSpec").map(({ uid }) => uid));
    for (const uid of this.#kept.keys()) {
      const kept = this.#reckoned(uid);
      if (kept === undefined || !known.has(uid) || kept.until <= clock.now()) this.#kept.delete(uid);
      else this.#kept.set(uid, kept);
    }
    // What was damaged is gone with this: that it was has to hold over a restart.
    const unreadable = this.unreadableUntil === null ? null : this.#unreadable;
    await document.write({
      version: 1,
      kept: Object.fromEntries(this.#kept),
      ...(unreadable === null ? {} : { unreadable }),
    });
  }

  #read(): Map<string, Kept> {
    const read = readDocument(this.#options.document, Document, () => this.#keepAll());
    if (read?.unreadable !== undefined) this.#unreadable = read.unreadable;
    const reading = this.#options.clock.reading();
    // Over a reboot only the wall clock tells how long that was; from now on they go along wherever it is set to.
    return new Map(
      Object.entries(read?.kept ?? {}).map(([uid, kept]) => {
        const { until, clock } = reckonedKept(kept, reading);
        return [uid, { ...kept, until, clock: reading ?? clock }];
      }),
    );
  }

  /** Whatever somebody has asked for would be stopped otherwise; the file stays as it is until somebody asks again. */
  #keepAll(): void {
    const { clock, log, longestMs } = this.#options;
    this.#unreadable = { at: clock.now(), except: [] };
    const message = `who asked for which container to be left alone cannot be read; nothing is stopped for idleness for ${formatDuration(longestMs)}`;
    log.error({ reason: "KeepAlivesUnreadable" }, message);
  }
}

function reckonedKept(kept: Kept, reading: ClockReading | null): Kept {
  const { at, clock } = reckonedTime({ at: kept.until, clock: kept.clock }, reading);
  return { ...kept, until: at, clock };
}
