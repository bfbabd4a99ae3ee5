import { statusOf } from "../client/status.ts";
import {
  DeniedError,
  Ds01Error,
  InvalidError,
  messageOf,
  NotFoundError,
  UnreachableError,
} from "../util/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { printable } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** The exit code of anything thrown (CONTRACT 4). */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof InvalidError) return exitCodes.usage;
  if (error instanceof DeniedError) return exitCodes.denied;
  if (error instanceof NotFoundError) return exitCodes.notFound;
  if (error instanceof UnreachableError) return exitCodes.unreachable;
  if (error instanceof Ds01Error && error.reason === "Timeout") return exitCodes.timedOut;
  return exitCodes.failed;
}

/** What a person reads about anything thrown: the message, one line a problem of the input, what to do. */
export function failureText(error: unknown): string {
  const causes = statusOf(error)?.details?.causes ?? [];
  const message = printable(messageOf(error));
  const problems = causes.map((cause) => printable(cause.message)).filter((line) => !message.includes(line));
  const remedy = error instanceof Ds01Error ? error.remedy : undefined;
  return [message, ...problems, ...(remedy === undefined ? [] : [remedy])].join("\n");
}
