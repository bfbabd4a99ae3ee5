import { z } from "zod";
import type { EmergencyStopLine } from "../api/emergency-stop.ts";
import { apiVersion } from "../api/names.ts";
import {
  describeEmergencyStop,
  emergencyStopFor,
  type EmergencyStop,
  unreadableAmong,
  unreadableStop,
  withEmergencyStop,
} from "../core/emergency-stop.ts";
import { formatTime } from "../core/format-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { messageOf, NotFoundError } from "../util/errors.ts";
import { Turns } from "../util/turns.ts";
import { readDocument } from "./read-document.ts";

const Document = z.object({
  version: z.literal(1),
  stops: z.array(
    z.object({
      user: z.string().nullable(),
      by: z.string(),
      at: z.number(),
      reason: z.string(),
      unreadable: z.literal(true).optional(),
    }),
  ),
});

/** What could not be written is tried again after this time. */
const writeAgainMs = 5000;

export interface EmergencyDeskOptions {
  readonly document: StateDocument;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Everybody is to be looked at. */
  readonly onChange: () => void;
}

/** Keeps what admins have stopped at once, over restarts of the controller too. */
export class EmergencyDesk {
  readonly #options: EmergencyDeskOptions;
  #stops: readonly EmergencyStop[];
  /** What is asked for at the same moment is written in that order, nothing over something newer. */
  readonly #writing = new Turns(1);
  #cancelLater = (): void => undefined;

  constructor(options: EmergencyDeskOptions) {
    this.#options = options;
    this.#stops = this.#read();
  }

  get stops(): readonly EmergencyStop[] {
    return this.#stops;
  }

  /** The same as the API tells it. */
  get lines(): readonly EmergencyStopLine[] {
    return this.#stops.map(({ at, unreadable, ...stop }) => ({
      ...stop,
      at: formatTime(at),
      ...(unreadable === true ? { unreadable } : {}),
    }));
  }

  /** True while nobody knows whom admins have stopped: nothing is started then. */
  get unreadable(): boolean {
    return unreadableAmong(this.#stops) !== null;
  }

  /**
   * Holds from this moment on. Throws when it could not be written down: it holds all the same, and is written as soon as
   * that goes.
   */
  async stop(request: Pick<EmergencyStop, "user" | "by" | "reason">): Promise<void> {
    const { clock, log } = this.#options;
    this.#stops = withEmergencyStop(this.#stops, { ...request, at: clock.now() });
    const { user, by, reason } = request;
    log.warn({ reason: "EmergencyStop", by, namespace: user ?? "*" }, `emergency stop: ${reason}`);
    this.#options.onChange();
    // Whatever holds when its turn comes.
    await this.#writeWhatHolds();
  }

  async #writeWhatHolds(): Promise<void> {
    try {
      await this.#writing.take(async () => this.#write(this.#stops));
    } catch (error) {
      this.#writeLater();
      throw error;
    }
  }

  /** A stop that is lost at the next restart would start everything again. */
  #writeLater(): void {
    const { clock, log } = this.#options;
    this.#cancelLater();
    this.#cancelLater = clock.callAt(clock.now() + writeAgainMs, () => {
      this.#writeWhatHolds().catch((error: unknown) => {
        log.warn(
          { reason: "StateNotWritable", message: messageOf(error) },
          "emergency stops are not on disk yet",
        );
      });
    });
  }

  /** Takes back the stop of a user, or that of all (null). NotFoundError where there is none. */
  async resume(user: string | null, by: string): Promise<void> {
    const ended = this.#stops.find((stop) => stop.user === user);
    if (ended === undefined) throw this.#noSuchStop(user);
    // Others may be stopped while this is written, and the same user anew.
    const without = (): readonly EmergencyStop[] => this.#stops.filter((stop) => stop !== ended);
    await this.#writing.take(async () => {
      await this.#write(without());
      // Not before it is written down, or it would hold again after a restart.
      this.#stops = without();
    });
    this.#options.log.warn({ reason: "EmergencyOver", by, namespace: user ?? "*" }, "emergency stop is over");
    this.#options.onChange();
  }

  #noSuchStop(user: string | null): NotFoundError {
    const whom = user === null ? "everybody" : user;
    const others = user === null ? this.#stops : [emergencyStopFor(this.#stops, user)];
    const remedy = others.some((stop) => stop?.user === null)
      ? "everybody is stopped: ds01 resume --all"
      : "see: ds01 emergency-stop";
    return new NotFoundError({
      reason: "NoEmergencyStop",
      message: `there is no emergency stop of ${whom}`,
      remedy,
    });
  }

  #read(): readonly EmergencyStop[] {
    let standIns: readonly EmergencyStop[] = [];
    const read = readDocument(this.#options.document, Document, () => {
      standIns = [this.#standIn()];
    });
    return read?.stops ?? standIns;
  }

  /** The file stays as it is until an admin decides, so that the next controller finds it too. */
  #standIn(): EmergencyStop {
    const { clock, events, log } = this.#options;
    const [reason, stop] = ["EmergencyStopsUnreadable", unreadableStop(clock.now())];
    const message = describeEmergencyStop(stop);
    log.error({ reason }, message);
    const about = { apiVersion, kind: "EmergencyStop", name: "all", uid: "emergency-stop-all" };
    events.record({ type: "Warning", reason, message, about });
    return stop;
  }

  async #write(stops: readonly EmergencyStop[]): Promise<void> {
    await this.#options.document.write({ version: 1, stops });
  }
}
