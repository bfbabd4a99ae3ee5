import { formatTime } from "./format-time.ts";

/** An admin's word that what a source declares stays as it is until that is taken back. */
export interface SourceSuspension {
  /** Name of the source. */
  readonly source: string;
  /** Login name of who said so. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** In the admin's words; null when nothing was said. */
  readonly reason: string | null;
  /** It stands for what could not be read: nobody knows whether an admin has said so. */
  readonly unreadable?: true | undefined;
}

/** Of a source of which it is not known any more whether it is suspended: what is in effect is safe, what was pushed may not be. */
export function unreadableSuspension(source: string, at: number): SourceSuspension {
  return { source, by: "ds01", at, reason: "what admins have suspended cannot be read", unreadable: true };
}

/** `suspended by root at 2026-11-30T09:00:00Z: server moves; nothing newer is taken until: ds01 resume source lab` */
export function describeSuspension({ source, by, at, reason }: SourceSuspension): string {
  const why = reason === null ? "" : `: ${reason}`;
  return `suspended by ${by} at ${formatTime(at)}${why}; nothing newer is taken until: ds01 resume source ${source}`;
}
