/** A timer of Node that is set for longer ends at once. */
const longestTimerMs = 2 ** 31 - 1;

/** A signal that aborts in so many milliseconds, however many, until it is cancelled. */
export function deadlineIn(ms: number): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const abort = new AbortController();
  let timer: NodeJS.Timeout;
  const wait = (restMs: number): void => {
    const stepMs = Math.min(restMs, longestTimerMs);
    timer = setTimeout(() => (restMs > stepMs ? wait(restMs - stepMs) : abort.abort()), stepMs);
  };
  wait(ms);
  return { signal: abort.signal, cancel: () => clearTimeout(timer) };
}
