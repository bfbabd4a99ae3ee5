import type { RuntimeHint } from "../../src/ports/container-runtime.ts";

/** Hands hints to everybody who watches, in order, and keeps none for later. */
export class HintHub {
  readonly #queues = new Set<{ readonly hints: RuntimeHint[]; wake: () => void }>();

  get watchers(): number {
    return this.#queues.size;
  }

  publish(hint: RuntimeHint): void {
    for (const queue of this.#queues) {
      queue.hints.push(hint);
      queue.wake();
    }
  }

  /** Begins with `first`; ends with the signal. */
  async *watch(first: readonly RuntimeHint[], signal: AbortSignal): AsyncGenerator<RuntimeHint, void, void> {
    const queue = { hints: [...first], wake: (): void => {} };
    const abort = (): void => queue.wake();
    signal.addEventListener("abort", abort);
    this.#queues.add(queue);
    try {
      while (!signal.aborted) {
        const hint = queue.hints.shift();
        if (hint !== undefined) yield hint;
        else
          await new Promise<void>((resolve) => {
            queue.wake = resolve;
          });
      }
    } finally {
      this.#queues.delete(queue);
      signal.removeEventListener("abort", abort);
    }
  }
}
