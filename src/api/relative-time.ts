import { formatAge } from "../util/duration.ts";

/** How long ago an RFC 3339 time was (`12m`), or null when there is none. */
export function ageText(time: string | undefined, nowMs: number): string | null {
  const timeMs = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(timeMs) ? null : formatAge(nowMs - timeMs);
}

/** How long until an RFC 3339 time (`12m`, `0s` when it is past), or null when there is none. */
export function untilText(time: string | null | undefined, nowMs: number): string | null {
  const timeMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(timeMs) ? null : formatAge(timeMs - nowMs);
}
