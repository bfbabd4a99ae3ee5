import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import type { ContainerRecord } from "../record.ts";

/** Counts against maxContainers: what runs, is about to, or waits for its restart after a crash. */
export function countsAsContainer(
  { spec, memory }: Pick<ContainerRecord, "spec" | "memory">,
  containers: readonly ObservedContainer[],
): boolean {
  if (containers.some((container) => isLive(container) || container.startedAt === null)) return true;
  if (containers.length === 0 || spec === null || spec.desiredState === "Stopped") return false;
  return memory.stopCause !== "SpecStopped" && memory.finished === null;
}
