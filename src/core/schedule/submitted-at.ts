import type { ContainerRecord } from "../record.ts";

/**
 * Since when an object waits, in milliseconds since the epoch: what was remembered at its first look, so that
 * looking at it moves nobody in the queue. A new object waits since it was declared; one that was told to run
 * again later, or has had devices before, since now.
 */
export function submittedAt(
  { memory, generation, createdAt }: Pick<ContainerRecord, "memory" | "generation" | "createdAt">,
  now: number,
): number {
  if (memory.waitingSince !== null) return memory.waitingSince;
  // Who had to give way keeps the place that it had.
  if (memory.stopCause === "Preempted" && memory.queuedSince != null) return memory.queuedSince;
  return generation === 1 && memory.lastGpus.length === 0 ? createdAt : now;
}
