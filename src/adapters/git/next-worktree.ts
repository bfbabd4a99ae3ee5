import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";
import { endingAfter } from "../ending-after.ts";
import type { Fill, Worktrees } from "./worktrees.ts";

export interface NextWorktreeOptions {
  /** Name of the source in messages. */
  readonly name: string;
  readonly worktrees: Pick<Worktrees, "prepare">;
  readonly log: Log;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Lets the next revision be written with work for what differs; without it all is written then. */
export class NextWorktree {
  readonly #options: NextWorktreeOptions;
  #preparing: Promise<void> = Promise.resolve();

  constructor(options: NextWorktreeOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is written any more. */
  get settled(): Promise<void> {
    return this.#preparing;
  }

  /** Begins to write, where nothing is ready. Whatever else is written meanwhile has to wait until it is settled. */
  begin(fillUntil: (signal: AbortSignal) => Fill, stopped: AbortSignal): void {
    this.#preparing = this.#prepare(fillUntil, stopped);
  }

  async #prepare(fillUntil: (signal: AbortSignal) => Fill, stopped: AbortSignal): Promise<void> {
    const { worktrees, log, name, timeoutMs } = this.#options;
    const { signal, stop } = endingAfter(timeoutMs, stopped);
    try {
      await worktrees.prepare(fillUntil(signal));
    } catch (error) {
      if (stopped.aborted) return;
      log.info({ source: name, message: messageOf(error) }, "nothing is made ready for the next revision");
    } finally {
      stop();
    }
  }
}
