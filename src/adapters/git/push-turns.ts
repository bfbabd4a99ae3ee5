import { Turns } from "../../util/turns.ts";
import { endingAfter } from "../ending-after.ts";
import { interruptedPush, pushError, pushNotBegun } from "./push-failure.ts";

/** Pushes to one repository, one at a time; each has its time from its turn on, and waits as long for it at most. */
export class PushTurns {
  readonly #timeoutMs: number;
  readonly #turns = new Turns(1);

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Pushes when those before are done. UnreachableError PushNotBegun where that takes too long, PushTimeout where
   * `push` does, ControllerEnding once `stopped` is aborted; else what `push` rejects with, as an error of who pushes.
   */
  async take<Result>(push: (signal: AbortSignal) => Promise<Result>, stopped: AbortSignal): Promise<Result> {
    const waiting = endingAfter(this.#timeoutMs, stopped);
    try {
      return await this.#turns.take(async () => {
        waiting.stop();
        return this.#inTime(push, stopped);
      }, waiting.signal);
    } catch (error) {
      if (waiting.isTimeUp()) throw pushNotBegun(this.#timeoutMs);
      if (waiting.signal.aborted) throw interruptedPush(false, this.#timeoutMs);
      throw error;
    } finally {
      waiting.stop();
    }
  }

  async #inTime<Result>(
    push: (signal: AbortSignal) => Promise<Result>,
    stopped: AbortSignal,
  ): Promise<Result> {
    const ending = endingAfter(this.#timeoutMs, stopped);
    try {
      return await push(ending.signal);
    } catch (error) {
      if (ending.signal.aborted) throw interruptedPush(ending.isTimeUp(), this.#timeoutMs);
      throw pushError(error);
    } finally {
      ending.stop();
    }
  }
}
