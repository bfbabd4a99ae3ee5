import type { ContainerRecord } from "../record.ts";
import { specHash } from "../plan/spec-hash.ts";
import { isTriedAnew } from "./job-end.ts";
import { isOfEarlierSpec } from "./last-run.ts";
import type { StopCause } from "./memory.ts";

/** Why a container is stopped that is started again at once, or another one in its place. */
export const stopsToStart: ReadonlySet<string> = new Set<StopCause>([
  "GpuAccessLost",
  "RestartRequested",
  "Replaced",
]);

/** Why a container is stopped that goes on by itself: at once, in another one, or when it is its turn again. */
export const goesOn: ReadonlySet<string> = new Set([...stopsToStart, "Preempted" satisfies StopCause]);

/** What tells of the tries of a job. */
export type Tried = Pick<ContainerRecord, "spec" | "memory" | "generation">;

/** True when the spec, as it is now, has been tried again in a container of its own, and nothing says it is over. */
function isTriedAgain({ spec, memory, generation }: Tried): boolean {
  if (spec === null || !isTriedAnew({ spec }) || memory.generation !== generation) return false;
  return memory.finished === null && (memory.retries ?? 0) > 0;
}

/** True when a run of the spec, as it is now, has ended in a container that made way, and nothing says it is over. */
export function isMadeAnew({ spec, memory, generation }: Tried): boolean {
  const { lastRun, finished } = memory;
  if (memory.generation !== generation || finished !== null || lastRun === undefined) return false;
  return spec !== null && !isOfEarlierSpec(lastRun, specHash(spec));
}

/** True while the container of one try has been removed for the next one, which has none yet: it was not lost. */
export function isBetweenTries(tried: Tried): boolean {
  const { containerId, lastRun } = tried.memory;
  if (containerId === null || containerId !== lastRun?.containerId) return false;
  return isTriedAgain(tried) || isMoving(tried);
}

/** It goes on, and where it was is no device that it may have. */
function isMoving(tried: Tried): boolean {
  const { spec, memory } = tried;
  if (!isMadeAnew(tried)) return false;
  const { stopCause } = memory;
  if (stopCause !== null) return goesOn.has(stopCause);
  return memory.lastRun?.exitCode !== 0 && spec?.restartPolicy === "OnFailure";
}
