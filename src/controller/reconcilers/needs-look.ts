import type { Decision } from "../../core/decision.ts";
import type { World } from "../../core/world.ts";

interface Decided {
  readonly world: World;
  readonly decision: Decision;
}

/** Whether something has to be looked at once more before a decision is carried out. */
export function needsLook(decided: Decided): boolean {
  return idsToInspect(decided.decision).length > 0 || takesDevices(decided);
}

/** A start needs no look: it changes nothing that runs, and the engine refuses what is no longer there. */
export function idsToInspect({ steps }: Decision): readonly string[] {
  return steps.flatMap((step) => ("id" in step && step.id !== null && step.do !== "start" ? [step.id] : []));
}

/** Devices it held already need no look; those a container is made for, or gets back after its hold, do. */
export function takesDevices({ decision: { reserve, steps }, world }: Decided): boolean {
  if (reserve === null || reserve.length === 0) return false;
  return world.schedule?.type === "assigned" || steps.some((step) => step.do === "create");
}
