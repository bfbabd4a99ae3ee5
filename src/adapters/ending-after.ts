/** A time that is running. */
export interface Ending {
  /** Aborted when the time is up or the other signal is aborted, whichever comes first. */
  readonly signal: AbortSignal;
  /** Whether the time is what has ended it. */
  readonly isTimeUp: () => boolean;
  /** To be called when nothing is to be ended any more. */
  readonly stop: () => void;
}

/**
 * A signal that is aborted after `timeoutMs` milliseconds, or with `other`. AbortSignal.any holds a timeout so weakly
 * that a collection of garbage takes it away with its timer; what is made here lasts until `stop`.
 */
export function endingAfter(timeoutMs: number, other?: AbortSignal): Ending {
  const controller = new AbortController();
  let isTimeUp = false;
  const timer = setTimeout(() => {
    isTimeUp = true;
    controller.abort(new DOMException("the time is up", "TimeoutError"));
  }, timeoutMs);
  const follow = (): void => controller.abort(other?.reason);
  other?.addEventListener("abort", follow, { once: true });
  const stop = (): void => {
    clearTimeout(timer);
    other?.removeEventListener("abort", follow);
  };
  controller.signal.addEventListener("abort", stop, { once: true });
  if (other?.aborted === true) follow();
  return { signal: controller.signal, isTimeUp: () => isTimeUp, stop };
}
