/** What every error of ds01 carries: a stable CamelCase reason and, where there is one, what to do. */
export interface ErrorDetails {
  readonly reason: string;
  readonly message: string;
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of all typed errors; `reason` is API and never changes for the same situation. */
export class Ds01Error extends Error {
  readonly reason: string;
  readonly remedy: string | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.reason = details.reason;
    this.remedy = details.remedy;
  }
}

/** The owner must act; retrying cannot help (Flux: Stalling). */
export class StalledError extends Ds01Error {}

/** Normal waiting; try again after `retryAfterMs`, or when something wakes the key (Flux: Waiting). */
export class WaitingError extends Ds01Error {
  readonly retryAfterMs: number | undefined;

  constructor(details: ErrorDetails & { readonly retryAfterMs?: number }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The named thing does not exist (HTTP 404). */
export class NotFoundError extends Ds01Error {}

/** The named thing exists already, or is in a state that forbids the call (HTTP 409). */
export class ConflictError extends Ds01Error {}

/** The caller may not do this (HTTP 403). */
export class DeniedError extends Ds01Error {}

/** What was sent is not valid (HTTP 400 or 422). */
export class InvalidError extends Ds01Error {}

/** The other side did not answer in time or at all; nothing is known about the effect. */
export class UnreachableError extends Ds01Error {}

/** Where a sentence or a clause ends, so that another may follow. */
const endsClause = /[.!?:;,]$/;

/** What is wrong and, told apart from it, what to do: `the disk is full; make room`, `The disk is full. Make room.` */
export function messageWithRemedy({ message, remedy }: Pick<Ds01Error, "message" | "remedy">): string {
  if (remedy === undefined) return message;
  const [wrong, advice] = [message.trimEnd(), remedy.trimStart()];
  // Whose last line is one of a list.
  if (wrong.includes("\n")) return `${wrong}\n${advice}`;
  if (endsClause.test(wrong)) return `${wrong} ${advice}`;
  return `${wrong}${/^\p{Lu}/u.test(advice) ? "." : ";"} ${advice}`;
}

/** The message of anything thrown, for logs and conditions. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a stream that the other side has left, which is how many end. */
export function isCut(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** True for the intended end of work by an AbortSignal, which is never an error to report. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
