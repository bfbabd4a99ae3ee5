import type { Clock } from "../ports/clock.ts";

/**
 * Keys waiting to be worked on (client-go workqueue). A key is handed to one worker at a time, N adds collapse
 * into one run, and an add during the run makes one more. Every waiting key is in `dirty` and none is in
 * `processing`.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #order: string[] = [];
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#push(key);
  }

  /** Adds the key at `at` (milliseconds since the epoch); of several times the earliest counts. */
  addAt(key: string, at: number): void {
    if (this.#closed) return;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    waiting?.cancel();
    const cancel = this.#clock.callAt(at, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /** Forgets a planned time: a new decision sets its own. */
  forgetTime(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** The next key, when there is one; undefined after `close`. */
  async next(): Promise<string | undefined> {
    const key = this.#order.shift();
    if (key !== undefined) return this.#take(key);
    if (this.#closed) return undefined;
    return await new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The worker is through with the key. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#push(key);
  }

  /** Nothing waits and nothing is being worked on; keys planned for later do not count. */
  idle(): boolean {
    return this.#order.length === 0 && this.#processing.size === 0;
  }

  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #push(key: string): void {
    if (this.#closed) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#order.push(key);
    else waiter(this.#take(key));
  }

  #take(key: string): string {
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }
}
