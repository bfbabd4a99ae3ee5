import { pino } from "pino";
import type { Logger } from "pino";
import type { Log } from "../../ports/log.ts";
import { prettyLine } from "./pretty-line.ts";
import { withoutEnvironmentValues } from "./redact.ts";

export type LogFormat = "json" | "pretty";
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes whole lines, each with its newline. */
export interface LogDestination {
  readonly write: (line: string) => unknown;
}

export interface LogOptions {
  readonly format: LogFormat;
  /** The least important level that is written; "info" when absent. */
  readonly level?: LogLevel;
  /** Standard error when absent, written at once so that a crash loses nothing. */
  readonly destination?: LogDestination;
}

/**
 * The controller's log: one line each with `level`, `time` (RFC 3339), `msg` and the fields. An error goes into
 * the field `err`. Values of environment variables are left out.
 */
export function createLog(options: LogOptions): Log {
  const destination: LogDestination = options.destination ?? pino.destination({ dest: 2, sync: true });
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: withoutEnvironmentValues },
      serializers: { err: errorFields },
    },
    { write: (line: string) => void destination.write(options.format === "json" ? line : prettyLine(line)) },
  );
  return logWith(logger);
}

/** pino's logger as a Log: its children go the same way, as pino gives their fields to no formatter. */
function logWith(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => logWith(logger.child(withoutEnvironmentValues(fields))),
  };
}

/** Of an error what helps; not all its members, as those of dockerode hold whole requests. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { reason, remedy, code, statusCode } = error as {
    readonly reason?: unknown;
    readonly remedy?: unknown;
    readonly code?: unknown;
    readonly statusCode?: unknown;
  };
  return {
    type: error.name,
    message: error.message,
    reason,
    remedy,
    code,
    statusCode,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : errorFields(error.cause),
  };
}
