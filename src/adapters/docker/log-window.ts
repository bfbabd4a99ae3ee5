import type { LogOptions } from "../../ports/container-access.ts";
import { NotFoundError } from "../../util/errors.ts";

/** What the engine says of the runs of a container: the last start, and the end before or after it. */
export interface RunTimes {
  readonly Status: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

/**
 * `since` and `until` of a log request, in seconds since the epoch; NotFoundError where there was no earlier run.
 * Docker keeps one log for all runs of a container, and of an earlier one only its end.
 */
export function logWindow(
  { sinceSeconds, sinceTime, previous }: Pick<LogOptions, "sinceSeconds" | "sinceTime" | "previous">,
  run: RunTimes,
  nowMs: number,
): { readonly since?: string; readonly until?: string } {
  const since = Math.max(sinceTime ?? 0, sinceSeconds === null ? 0 : nowMs - sinceSeconds * 1000);
  return {
    ...(since > 0 ? { since: (since / 1000).toFixed(3) } : {}),
    ...(previous ? { until: (lastStartMs(run) / 1000).toFixed(3) } : {}),
  };
}

function lastStartMs({ Status, StartedAt, FinishedAt }: RunTimes): number {
  const [startedMs, finishedMs] = [Date.parse(StartedAt), Date.parse(FinishedAt)];
  const runs = Status === "running" || Status === "paused";
  // The zero time is that of a container that has never ended.
  if (!(startedMs > 0) || (runs && !(finishedMs > 0))) {
    throw new NotFoundError({
      reason: "NoPreviousRun",
      message: "it has no earlier run: its container was started once",
      remedy: "What it has written is in the logs without --previous.",
    });
  }
  // Last words come a little after the end, first ones a little before StartedAt: between them is neither.
  return runs && finishedMs < startedMs ? (finishedMs + startedMs) / 2 : startedMs;
}
