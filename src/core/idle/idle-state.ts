import type { Activity, ActivityReading, Signal } from "./activity.ts";
import type { IdleSettings } from "./idle-settings.ts";
import { activityOf, judgeSignals } from "./judge-signals.ts";

/** One run of one container under one version of its spec: whoever edits the spec is not away. */
export interface IdleRun {
  readonly containerId: string;
  /** Milliseconds since the epoch, only ever compared. */
  readonly startedAt: number | null;
  readonly generation: number;
}

/**
 * What is known about the idleness of one run. No wall clock decides anything here: setting it, a machine that sleeps
 * and a controller that is away can only make the time longer.
 */
export interface IdleState {
  readonly run: IdleRun;
  /** The last reading, to compare the next one with. */
  readonly reading: ActivityReading;
  readonly firstUptimeMs: number;
  /** What the last reading said. */
  readonly activity: Activity;
  readonly signals: readonly Signal[];
  /** For how long nothing was going on without a break. */
  readonly idleMs: number;
  /** How much of that came after the last time that nobody looked: a notice is never shortened by what was not seen. */
  readonly unbrokenMs: number;
  /** How many readings in a row said so. */
  readonly samples: number;
  /** When that began, for people (milliseconds since the epoch); also tells one time of idleness from the next. */
  readonly idleSince: number | null;
}

/** Longest time between two readings that the second one can speak for, in times between two looks, and at least. */
const longestGap = { looks: 10, ms: 60_000 };
/** After a longer time between two readings one is late: a look was left out, as the controller was not there. */
const longestStep = { looks: 1.5, ms: 5000 };

const notIdle = { idleMs: 0, unbrokenMs: 0, samples: 0, idleSince: null };

export interface IdleContext {
  readonly settings: IdleSettings;
  /** Time between two looks at this container. */
  readonly sampleMs: number;
  /** How long a container is left alone after it was first seen. */
  readonly graceMs: number;
  /** Milliseconds since the epoch, only for people. */
  readonly now: number;
}

/** Takes a reading in. */
export function advanceIdle(
  before: IdleState | null,
  run: IdleRun,
  reading: ActivityReading,
  { settings, sampleMs, graceMs, now }: IdleContext,
): IdleState {
  const last = before !== null && isSameRun(before.run, run) ? before : null;
  const elapsedMs = last === null ? -1 : reading.uptimeMs - last.reading.uptimeMs;
  if (last === null || elapsedMs <= 0) return beginning(run, reading, settings);
  const { firstUptimeMs } = last;
  // Nobody knows what went on in between.
  if (elapsedMs > Math.max(longestGap.ms, longestGap.looks * sampleMs))
    return { ...beginning(run, reading, settings), firstUptimeMs };
  const isLate = elapsedMs > Math.max(longestStep.ms, longestStep.looks * sampleMs);
  const signals = judgeSignals(last.reading, reading, settings, isLate ? sampleMs : null);
  const activity = activityOf(signals);
  const common = { run, reading, firstUptimeMs, activity, signals };
  const isStarting = reading.uptimeMs - firstUptimeMs < graceMs;
  if (activity !== "quiet" || isStarting) return { ...common, ...notIdle };
  // Nothing counts before the first quiet look, nor what a late one has not seen.
  const stepMs = last.idleSince === null || isLate ? 0 : elapsedMs;
  return {
    ...common,
    idleMs: last.idleMs + stepMs,
    unbrokenMs: isLate ? 0 : last.unbrokenMs + stepMs,
    samples: last.samples + 1,
    idleSince: last.idleSince ?? now,
  };
}

export function isSameRun(left: IdleRun, right: IdleRun): boolean {
  return (
    left.containerId === right.containerId &&
    left.startedAt === right.startedAt &&
    left.generation === right.generation
  );
}

function beginning(run: IdleRun, reading: ActivityReading, settings: IdleSettings): IdleState {
  return {
    run,
    reading,
    firstUptimeMs: reading.uptimeMs,
    activity: "unknown",
    signals: judgeSignals(null, reading, settings, null),
    ...notIdle,
  };
}
