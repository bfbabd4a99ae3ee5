import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";
import type { SyncStep } from "./sync-step.ts";
import type { HistoryCheck, Succession } from "./history-check.ts";

export interface HistoryWatchOptions {
  /** Name of the source in messages. */
  readonly name: string;
  readonly check: Pick<HistoryCheck, "isRewritten">;
  readonly log: Log;
  /** Told of what does not go on from what was in effect. */
  readonly tellRewritten: (succession: Succession) => void;
  readonly onStep?: (step: SyncStep) => void;
}

/**
 * Looks whether what is in effect goes on from what was. Nothing waits for it: a history that cannot be had keeps nobody
 * from what is in effect.
 */
export class HistoryWatch {
  readonly #options: HistoryWatchOptions;
  /** What was in effect when a look began that was ended early: the next one begins there. */
  #older: string | null = null;
  #ending = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: HistoryWatchOptions) {
    this.#options = options;
  }

  /** Begins a look, where something else is in effect. One that is under way must have ended. */
  begin(older: string | null, newer: string | null, stopped: AbortSignal): void {
    this.#older ??= older;
    if (this.#older === newer) this.#older = null;
    if (this.#older === null || newer === null || stopped.aborted) return;
    this.#ending = new AbortController();
    this.#looking = this.#look(
      { older: this.#older, newer },
      AbortSignal.any([stopped, this.#ending.signal]),
    );
  }

  /** Ends a look that is under way; resolves when nothing of it goes on. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#looking;
  }

  async #look(succession: Succession, ended: AbortSignal): Promise<void> {
    const { check, log, name, tellRewritten } = this.#options;
    try {
      const isRewritten = await check.isRewritten(succession, ended);
      if (ended.aborted) return;
      if (isRewritten) tellRewritten(succession);
    } catch (error) {
      if (ended.aborted) return;
      const reason = "HistoryUnknown";
      const message = `whether ${succession.newer} goes on from ${succession.older} is not known: ${messageOf(error)}`;
      log.info({ source: name, reason, ...succession }, message);
    }
    this.#older = null;
    this.#options.onStep?.("compared");
  }
}
