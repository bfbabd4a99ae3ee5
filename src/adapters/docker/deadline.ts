import { UnreachableError } from "../../util/errors.ts";

/** One call to the engine: what it is for messages (`start train._.alice`), and how long it may take. */
export interface EngineCall {
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles at the deadline whatever `run` does: dockerode leaves a promise pending for ever when an answer is
 * cut in its middle. Rejects with UnreachableError then, with the signal's reason when that is aborted first.
 */
export async function withDeadline<Result>(
  call: EngineCall,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { what, deadlineMs, signal } = call;
  signal?.throwIfAborted();
  const inner = new AbortController();
  let settle = (): void => {};
  const cut = new Promise<never>((_resolve, reject) => {
    const end = (reason: unknown): void => {
      reject(reason instanceof Error ? reason : new Error(String(reason)));
      inner.abort();
    };
    const aborted = (): void => end(signal?.reason);
    const timer = setTimeout(() => end(noAnswer(what, deadlineMs)), deadlineMs);
    signal?.addEventListener("abort", aborted, { once: true });
    settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
  });
  try {
    return await Promise.race([run(inner.signal), cut]);
  } finally {
    settle();
  }
}

function noAnswer(what: string, deadlineMs: number): UnreachableError {
  return new UnreachableError({
    reason: "EngineTimeout",
    message: `cannot ${what}: the Docker Engine did not answer within ${deadlineMs / 1000} s; whether it happened is not known`,
    remedy: "ds01 looks again; if it lasts, see `systemctl status docker`",
  });
}
