import { unaskedEngine, type EngineDevices } from "../core/schedule/injection.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { Log } from "../ports/log.ts";
import { sameValue } from "../util/same-value.ts";
import { messageOf, UnreachableError } from "../util/errors.ts";
import { isRecent } from "../util/is-recent.ts";

/** How often the engine is asked although no container is about to be made. */
const idleMs = 60_000;
/** Of a container that could not be started, the next try must see that the engine offers another way. */
const freshMs = 500;

/** What the engine last said about passing devices into containers; joins questions that are under way. */
export class EngineBook {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #log: Log;
  #current: EngineDevices = unaskedEngine;
  #version = 0;
  #at: number | null = null;
  #asking: Promise<void> | null = null;

  constructor(options: { readonly runtime: ContainerRuntime; readonly clock: Clock; readonly log: Log }) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Grows whenever what it cannot limit is something else. */
  get version(): number {
    return this.#version;
  }

  get current(): EngineDevices {
    return this.#current;
  }

  /** Asks unless the answer is younger than that (milliseconds); rejects when the engine does not answer. */
  async refresh(maximumAgeMs = freshMs): Promise<void> {
    if (this.#at !== null && isRecent(this.#at, this.#clock.now(), maximumAgeMs)) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  /** Keeps asking until the signal, for those who only want to know. */
  run(signal: AbortSignal): void {
    let cancelNext = (): void => undefined;
    signal.addEventListener("abort", () => cancelNext(), { once: true });
    const next = async (): Promise<void> => {
      try {
        await this.refresh(idleMs / 2);
      } catch (error) {
        // Another part says that the engine is away.
        if (!(error instanceof UnreachableError)) {
          this.#log.warn({ reason: messageOf(error) }, "the engine was not understood");
        }
      }
      if (!signal.aborted) cancelNext = this.#clock.callAt(this.#clock.now() + idleMs, () => void next());
    };
    void next();
  }

  async #ask(): Promise<void> {
    const current = await this.#runtime.devices();
    if (!sameValue(this.#current.cannotLimit, current.cannotLimit)) this.#version += 1;
    this.#current = current;
    this.#at = this.#clock.now();
  }
}
