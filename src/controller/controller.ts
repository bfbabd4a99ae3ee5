import { faultDelayMs } from "../util/backoff.ts";
import { isAbort, messageOf, StalledError, UnreachableError, WaitingError } from "../util/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Reconciler } from "../ports/reconciler.ts";
import type { WorkQueue } from "./workqueue.ts";

/** What waits without saying for how long is looked at again after this time. */
const waitingMs = 5000;

/** Takes keys from the queue and reconciles them, several at a time, never one key twice at once. */
export interface ControllerOptions {
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler;
  readonly clock: Clock;
  readonly log: Log;
  readonly workers: number;
}

/** Runs until the signal; resolves when the last worker has put down its key. */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const failures = new Map<string, number>();
  const onAbort = (): void => options.queue.close();
  signal.addEventListener("abort", onAbort, { once: true });
  const workers = Array.from({ length: options.workers }, () => work(options, failures, signal));
  await Promise.all(workers);
}

async function work(
  options: ControllerOptions,
  failures: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const key = await options.queue.next();
    if (key === undefined) return;
    try {
      await reconcileOnce(key, options, failures, signal);
    } finally {
      options.queue.done(key);
    }
  }
}

async function reconcileOnce(
  key: string,
  { queue, reconciler, clock, log }: ControllerOptions,
  failures: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  queue.forgetTime(key);
  try {
    const result = await reconciler.reconcile(key, signal);
    failures.delete(key);
    if (result.requeue === true) queue.add(key);
    if (result.requeueAt !== undefined) queue.addAt(key, result.requeueAt);
  } catch (error) {
    if (isAbort(error) && signal.aborted) return;
    if (error instanceof WaitingError) {
      failures.delete(key);
      const retryAfterMs = error.retryAfterMs ?? waitingMs;
      const { reason, message } = error;
      log.info({ kind: reconciler.kind, key, reason, message, retryAfterMs }, "reconcile waits");
      queue.addAt(key, clock.now() + retryAfterMs);
      return;
    }
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    const fields = { kind: reconciler.kind, key, failures: count, reason: reasonOf(error) };
    if (error instanceof StalledError || error instanceof UnreachableError) {
      log.warn({ ...fields, message: messageOf(error) }, "reconcile put off");
    } else log.error({ ...fields, err: error }, "reconcile failed");
    queue.addAt(key, clock.now() + faultDelayMs(count));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "reason" in error ? String(error.reason) : "Fault";
}
