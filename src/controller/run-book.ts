import { z } from "zod";
import { advanceRuns, parseRunHistory, type RunHistory, type RunsNow } from "../core/schedule/run-history.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { sameValue } from "../util/same-value.ts";
import { messageOf } from "../util/errors.ts";
import { isRecent } from "../util/is-recent.ts";
import { readDocument } from "./read-document.ts";

/** What runs is looked at this often; work that vanishes in between ended at most so much earlier. */
const lookMs = 60_000;
/** When work was last seen is written this often, what has ended at once. */
const writeMs = 300_000;

const Written = z.looseObject({
  version: z.literal(1),
  runs: z.array(z.unknown()),
  open: z.array(z.unknown()),
});

export interface RunBookOptions {
  readonly document: StateDocument;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
}

/** Keeps how long work took that held GPUs, to tell who waits what to expect. */
export class RunBook {
  readonly #options: RunBookOptions;
  #history: RunHistory;
  #version = 0;
  #writtenAt: number;
  #cancel: () => void = () => undefined;

  constructor(options: RunBookOptions) {
    this.#options = options;
    this.#history = parseRunHistory(readDocument(options.document, Written));
    this.#writtenAt = options.clock.now();
  }

  get history(): RunHistory {
    return this.#history;
  }

  /** Grows whenever another estimate may come of it. */
  get version(): number {
    return this.#version;
  }

  /** Looks from now on; `look` is null while the engine has not shown everything. */
  start(look: () => RunsNow | null): void {
    const { clock } = this.#options;
    this.#cancel = clock.callAt(clock.now() + lookMs, () => {
      const now = look();
      if (now !== null) this.#advance(now);
      this.start(look);
    });
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#write();
  }

  #advance(now: RunsNow): void {
    const before = this.#history;
    this.#history = advanceRuns(before, now);
    const isSame = sameValue(before.runs, this.#history.runs) && sameStarts(before, this.#history);
    if (!isSame) {
      this.#version += 1;
      this.#options.onChange();
    }
    const isDue = !isRecent(this.#writtenAt, this.#options.clock.now(), writeMs);
    if (!isSame || (isDue && this.#history.open.length > 0)) void this.#write();
  }

  async #write(): Promise<void> {
    const { clock, document, log } = this.#options;
    this.#writtenAt = clock.now();
    try {
      await document.write(this.#history);
    } catch (error) {
      log.warn({ reason: "RunsNotWritten", message: messageOf(error) }, "earlier runs could not be written");
    }
  }
}

function sameStarts({ open: left }: RunHistory, { open: right }: RunHistory): boolean {
  const starts = (runs: RunHistory["open"]): unknown => runs.map(({ uid, since }) => [uid, since]);
  return sameValue(starts(left), starts(right));
}
