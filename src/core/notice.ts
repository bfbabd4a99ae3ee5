import type { EventObject } from "../api/event.ts";

/** What is told to people beyond the event: to a program, a web hook or their terminals. */
export interface Notice {
  /** RFC 3339. */
  readonly time: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** Whose container it is. */
  readonly user: string;
  readonly name: string;
  readonly message: string;
}

/** What is told of unless the configuration says otherwise. */
export const usualNoticeReasons: readonly string[] = [
  "IdleSoon",
  "IdleTimeout",
  "MaxRuntimeSoon",
  "MaxRuntimeExceeded",
];

/** The notice of an event about a container; null for any other, and for reasons that nobody asked for. */
export function noticeOf(event: EventObject, reasons: readonly string[]): Notice | null {
  const { involvedObject, type, reason, message, lastTimestamp } = event;
  const { kind, namespace, name } = involvedObject;
  if (kind !== "ContainerSpec" || namespace === undefined || !reasons.includes(reason)) return null;
  return { time: lastTimestamp, type, reason, user: namespace, name, message };
}

/** One line for a terminal. */
export function noticeLine({ user, name, message }: Notice): string {
  // Whatever stands in a message is text on somebody's terminal, no command to it.
  return `ds01: ${user}/${name} ${message}`.replaceAll(/\p{Cc}/gu, " ");
}
