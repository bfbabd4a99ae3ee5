import { faultDelayMs, restartDelayMs, stepBackoff } from "../../util/backoff.ts";
import type { LifecycleMemory, StepFailure } from "./memory.ts";

/** Times may be so much ahead of our clock before that means anything (milliseconds). */
const skewMs = 1000;

/** How long a step that failed so often waits for its next try, in milliseconds. */
export function stepDelayMs(attempts: number): number {
  return faultDelayMs(attempts, stepBackoff.baseMs, stepBackoff.maximumMs);
}

/**
 * True while a step that failed is not tried again. A wait that is longer than the one that was begun is none: the
 * clock was set back since, and nobody waits until it is where it was.
 */
export function isPutOff({ nextAt, stalled, attempts }: StepFailure, now: number): boolean {
  if (nextAt >= Number.MAX_SAFE_INTEGER) return true;
  const longestMs = stalled ? stepBackoff.maximumMs : stepDelayMs(attempts);
  return nextAt > now && !isFromAheadOf(now, nextAt - longestMs);
}

/**
 * When what has ended is started again (milliseconds). `finishedAt` is the engine's time: where that is ahead of ours,
 * as the engine of another host may be, the wait counts from when we first saw it. Only a state of our own that began
 * in the future tells that the clock was set back since: then it is started at once.
 */
export function restartDueAt(
  finishedAt: number,
  attempts: number,
  { state, since }: Pick<LifecycleMemory, "state" | "since">,
  now: number,
): number {
  const delayMs = restartDelayMs(attempts);
  const seenAt = state === "Backoff" ? Math.min(since, now) : now;
  if (!isFromAheadOf(seenAt, finishedAt)) return finishedAt + delayMs;
  return isFromAheadOf(now, since) ? now : seenAt + delayMs;
}

/** True when that was noted at a time that is still to come. */
export function isFromAheadOf(now: number, notedAt: number | undefined): boolean {
  return notedAt !== undefined && notedAt > now + skewMs;
}
