import { restartDelayMs, stepBackoff } from "../../util/backoff.ts";
import type { StepFailure } from "./memory.ts";

/** Times of the engine may be so much ahead of ours before they tell that the clock was set back (milliseconds). */
const skewMs = 1000;
/** No wait for the next try of a step is anywhere near as long (milliseconds). */
const longestMs = 2 * stepBackoff.maximumMs;

/**
 * True while a step that failed is not tried again. A wait that is longer than any that is ever begun is none: the
 * clock was set back since, and nobody waits until it is where it was.
 */
export function isPutOff({ nextAt }: StepFailure, now: number): boolean {
  if (nextAt >= Number.MAX_SAFE_INTEGER) return true;
  return nextAt > now && nextAt - now <= longestMs;
}

/** When what has ended is started again; at once where it ended in the future, for then the clock was set back since. */
export function restartDueAt(finishedAt: number, attempts: number, now: number): number {
  return finishedAt > now + skewMs ? now : finishedAt + restartDelayMs(attempts);
}

/** True when that was noted at a time that is still to come. */
export function isFromAheadOf(now: number, notedAt: number | undefined): boolean {
  return notedAt !== undefined && notedAt > now + skewMs;
}
