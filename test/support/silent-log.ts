import type { Log } from "../../src/ports/log.ts";

/** One call of a Log. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A Log that only remembers. */
export interface SilentLog extends Log {
  readonly lines: readonly LogLine[];
}

/** Returns a log that prints nothing and keeps every line, those of its children included. */
export function silentLog(): SilentLog {
  const lines: LogLine[] = [];
  const at = (bound: Readonly<Record<string, unknown>>): SilentLog => ({
    lines,
    debug: (fields, message) => void lines.push({ level: "debug", fields: { ...bound, ...fields }, message }),
    info: (fields, message) => void lines.push({ level: "info", fields: { ...bound, ...fields }, message }),
    warn: (fields, message) => void lines.push({ level: "warn", fields: { ...bound, ...fields }, message }),
    error: (fields, message) => void lines.push({ level: "error", fields: { ...bound, ...fields }, message }),
    child: (fields) => at({ ...bound, ...fields }),
  });
  return at({});
}
