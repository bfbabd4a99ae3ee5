import type { ContainerStatus } from "../../api/container.ts";
import { isFinished } from "../lifecycle/finished-run.ts";
import type { FinishedRun } from "../lifecycle/memory.ts";
import type { ContainerRecord } from "../record.ts";

/** How the elements of a sweep stand. */
export interface SweepProgress {
  readonly total: number;
  readonly running: number;
  readonly completed: number;
  /** Names of those that failed for good. */
  readonly failed: readonly string[];
  /** The first one that neither runs nor has ended. */
  readonly waiting: ContainerRecord | null;
  /** When the last one ended (milliseconds since the epoch); null while one has not. */
  readonly endedAt: number | null;
}

/** Counts the elements, by what they are to be now: what ended before an edit has not ended. */
export function sweepProgress(
  { spec }: ContainerRecord,
  elements: readonly ContainerRecord[],
): SweepProgress | null {
  if (spec?.replicas === undefined) return null;
  const { replicas: _, ...ofElement } = spec;
  const known = elements.filter(({ source }) => (source.element?.index ?? Infinity) < (spec.replicas ?? 0));
  const ends = known.flatMap(({ name, memory }) =>
    isFinished(memory.finished, ofElement) ? [{ name, finished: memory.finished }] : [],
  );
  const ended = new Set(ends.map(({ name }) => name));
  const open = known.filter(({ name }) => !ended.has(name));
  const isWhole = ends.length === spec.replicas;
  return {
    total: spec.replicas,
    running: open.filter(isRunning).length,
    completed: ends.filter(({ finished }) => isSuccess(finished)).length,
    failed: ends.filter(({ finished }) => !isSuccess(finished)).map(({ name }) => name),
    waiting: open.find((record) => !isRunning(record)) ?? null,
    endedAt: isWhole ? Math.max(...ends.map(({ finished }) => finished.at)) : null,
  };
}

/** `3 of 8 run, 2 completed, 1 failed (lr-4), 2 wait`. */
export function progressText({ total, running, completed, failed }: SweepProgress): string {
  const wait = total - running - completed - failed.length;
  const parts = [
    `${running} of ${total} run`,
    ...(completed === 0 ? [] : [`${completed} completed`]),
    ...(failed.length === 0 ? [] : [`${failed.length} failed (${some(failed)})`]),
    ...(wait === 0 ? [] : [`${wait} wait`]),
  ];
  return parts.join(", ");
}

/** The counts as the status has them. */
export function elementCounts({
  total,
  running,
  completed,
  failed,
}: SweepProgress): NonNullable<ContainerStatus["elements"]> {
  return { total, running, completed, failed: failed.length };
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function isRunning({ status }: ContainerRecord): boolean {
  return status.phase === "Running" || status.phase === "Degraded";
}

/** Ended well by itself, as what is to start after it asks. */
function isSuccess({ reason }: FinishedRun): boolean {
  return reason === "Completed";
}
