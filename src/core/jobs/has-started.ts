import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { ContainerRecord } from "../record.ts";

/** True when it has run with what its spec says now, though it may have no container at the moment. */
export function hasStarted(
  { spec, memory, generation }: ContainerRecord,
  containers: readonly ObservedContainer[],
): boolean {
  if (spec === null) return false;
  const isOfSpec = ({ labels: own, startedAt }: ObservedContainer): boolean =>
    startedAt !== null && own[labels.specHash] === specHash(spec);
  if (containers.some(isOfSpec)) return true;
  if (memory.generation !== generation) return false;
  // A container that gave way goes when its device may not be used any more; one of another spec tells nothing.
  const gaveWay = memory.stopCause === "Preempted" && containers.length === 0;
  return gaveWay || memory.ranMs > 0 || (memory.retries ?? 0) > 0;
}
