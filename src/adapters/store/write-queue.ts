import { setImmediate as nextTurn } from "node:timers/promises";
import type { StateNotWritable } from "./state-errors.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteQueueOptions<Job> {
  /** Writes these jobs and makes them durable; StateNotWritable when some did not get there. */
  readonly write: (
    jobs: readonly Job[],
  ) => Promise<{ readonly failed: readonly Job[]; readonly error?: StateNotWritable }>;
  /** Longest time that a job added with `soon` waits. */
  readonly soonMs: number;
  /** After a failure everything left is tried again after this time. */
  readonly retryMs: number;
}

/**
 * Jobs to be written, each at most once at a time and in batches. A job names what to write, and the text is
 * taken when it is written: a later change of the same thing replaces an earlier one that still waits.
 */
export class WriteQueue<Job> {
  readonly #options: WriteQueueOptions<Job>;
  readonly #urgent = new Map<string, { job: Job; waiters: Waiter[] }>();
  readonly #soon = new Map<string, Job>();
  #writing: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;
  #running: Promise<void> | undefined;
  #failing = false;

  constructor(options: WriteQueueOptions<Job>) {
    this.#options = options;
  }

  /** False from a failed write until a successful one. */
  healthy(): boolean {
    return !this.#failing;
  }

  markFailing(): void {
    this.#failing = true;
  }

  /** True while the job's last change is not on disk. */
  pending(key: string): boolean {
    return this.#urgent.has(key) || this.#soon.has(key) || this.#writing.has(key);
  }

  /** Resolves when the job's state as of now is durable; rejects when that failed, and then goes on trying. */
  async now(key: string, job: Job): Promise<void> {
    this.#soon.delete(key);
    const done = new Promise<void>((resolve, reject) => {
      const waiting = this.#urgent.get(key);
      if (waiting === undefined) this.#urgent.set(key, { job, waiters: [{ resolve, reject }] });
      else waiting.waiters.push({ resolve, reject });
    });
    this.#start();
    await done;
  }

  soon(key: string, job: Job): void {
    if (this.#urgent.has(key)) return;
    this.#soon.set(key, job);
    this.#wake(this.#options.soonMs);
  }

  /** Writes all that waits, also what `soon` added; rejects when some of it could not be written. */
  async flush(): Promise<void> {
    await Promise.all([...this.#soon].map(async ([key, job]) => this.now(key, job)));
    while (this.#running !== undefined) await this.#running;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wake(afterMs: number): void {
    const at = performance.now() + afterMs;
    if (this.#timer !== undefined && this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const [key, job] of this.#soon)
        if (!this.#urgent.has(key)) this.#urgent.set(key, { job, waiters: [] });
      this.#soon.clear();
      this.#start();
    }, afterMs);
    this.#timer.unref();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    // Let the rest of this turn add its jobs, as one directory sync then serves them all, and let what the turn
    // has to say to the engine go out first.
    await nextTurn();
    while (this.#urgent.size > 0) {
      const batch = new Map(this.#urgent);
      this.#urgent.clear();
      this.#writing = new Set(batch.keys());
      const { failed, error } = await this.#options.write([...batch.values()].map(({ job }) => job));
      this.#writing = new Set();
      this.#failing = error !== undefined;
      const lost = new Set(failed);
      for (const [key, { job, waiters }] of batch) {
        if (!lost.has(job)) for (const { resolve } of waiters) resolve();
        else {
          if (!this.#urgent.has(key)) this.#soon.set(key, job);
          for (const { reject } of waiters) reject(error);
        }
      }
      if (lost.size > 0) this.#wake(this.#options.retryMs);
    }
  }
}
