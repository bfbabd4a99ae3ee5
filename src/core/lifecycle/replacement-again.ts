import type { ObservedContainer } from "../observed.ts";
import type { LifecycleMemory, StopCause } from "./memory.ts";
import type { Situation } from "./situation.ts";

/** Stops that end a new container as well as the old one; it is wanted again when they are over. */
const ofEverything: ReadonlySet<StopCause> = new Set(["EmergencyStop", "SpecStopped"]);

/** True when the last stop was one of everything of the object: an end by it, with whatever exit code, is no end of its work. */
export function isStoppedWithAll({ stopCause }: Pick<LifecycleMemory, "stopCause">): boolean {
  return stopCause !== null && ofEverything.has(stopCause);
}

/**
 * True when a new container has ended through no fault of its own, and so says nothing about its spec: everything of it
 * was stopped, or the engine was away since it was started, which may have taken it along. It is started again then,
 * once: the next end, without such a thing, is its own.
 */
export function isStartedAgain(
  { memory, spec, world }: Situation,
  { startedAt }: Pick<ObservedContainer, "startedAt">,
): boolean {
  if (startedAt === null) return false;
  if (isStoppedWithAll(memory)) return true;
  // A job that is never tried again is not run twice.
  if (memory.replacementSince === undefined || spec.restartPolicy === "Never") return false;
  return world.engineSince !== undefined && world.engineSince !== memory.replacementSince;
}

/** What is to be remembered when a new container is started beside the old one. */
export function afterReplacementStart({ memory, world }: Situation): Partial<LifecycleMemory> {
  return {
    ...(world.engineSince === undefined ? {} : { replacementSince: world.engineSince }),
    ...(isStoppedWithAll(memory) ? { stopCause: "Replaced" } : {}),
  };
}
