import type { LifecycleMemory } from "../../core/lifecycle/memory.ts";
import { sameValue } from "../../util/same-value.ts";

/**
 * Parts of the memory that cannot be found out again by looking. Limits that were never written before go into
 * the container that is about to be made, and the counters' generation follows from that of the object.
 */
export function memoryMatters(before: LifecycleMemory, after: LifecycleMemory): boolean {
  const essence = ({
    stopCause,
    attempts,
    retries,
    finished,
    rolledBack,
    applied,
    ranMs,
    restartAnswered,
  }: LifecycleMemory): unknown => [
    stopCause,
    attempts,
    retries,
    finished,
    rolledBack,
    before.applied === null ? null : applied,
    ranMs,
    restartAnswered,
  ];
  return !sameValue(essence(before), essence(after));
}
