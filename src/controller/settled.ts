import type { Phase } from "../api/container.ts";
import type { ContainerRecord } from "../core/record.ts";

const moving: ReadonlySet<Phase> = new Set([
  "Preparing",
  "Allocated",
  "Creating",
  "Starting",
  "Stopping",
  "Removing",
]);
const stopped: ReadonlySet<Phase> = new Set(["Stopped", "Held", "Released"]);

/** True while the next phase follows by itself within moments. */
export function isMoving({ status, generation, spec }: ContainerRecord): boolean {
  if (spec === null) return false;
  return moving.has(status.phase) || status.observedGeneration !== generation || isStartingUp(status);
}

/** A health check that has not spoken yet. */
function isStartingUp(status: ContainerRecord["status"]): boolean {
  return status.conditions.some(({ type, reason }) => type === "Ready" && reason === "HealthStarting");
}

/** Ready, Completed, or Stopped as declared, and its file is in effect. */
export function isAsDeclared({ status, spec, rejection, generation }: ContainerRecord): boolean {
  if (spec === null || rejection !== null || status.observedGeneration !== generation) return false;
  if (status.phase === "Completed") return true;
  if (spec.desiredState === "Stopped") return stopped.has(status.phase);
  if (spec.desiredState === "Paused") return status.phase === "Paused";
  return status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
}
