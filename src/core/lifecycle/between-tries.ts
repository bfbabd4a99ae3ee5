import type { ContainerRecord } from "../record.ts";
import { isTriedAnew } from "./job-end.ts";

/** What tells of the tries of a job. */
export type Tried = Pick<ContainerRecord, "spec" | "memory" | "generation">;

/** True when the spec, as it is now, has been tried again in a container of its own, and nothing says it is over. */
export function isTriedAgain({ spec, memory, generation }: Tried): boolean {
  if (spec === null || !isTriedAnew({ spec }) || memory.generation !== generation) return false;
  return memory.finished === null && (memory.retries ?? 0) > 0;
}

/** True while the container of one try has been removed for the next one, which has none yet: it was not lost. */
export function isBetweenTries(tried: Tried): boolean {
  const { containerId, lastRun } = tried.memory;
  return isTriedAgain(tried) && containerId !== null && containerId === lastRun?.containerId;
}
