import type { Phase } from "../api/container.ts";
import { annotations as annotationNames, type DeletionPolicy } from "../api/names.ts";
import { goesOn, isBetweenTries, isMadeAnew } from "./lifecycle/between-tries.ts";
import type { ContainerRecord, StoredRecord } from "./record.ts";

/** Why an object is still there whose deletion was let through. */
export const finishesFirst = "FinishesFirst";

/** What runs, or is started again. */
const running: ReadonlySet<Phase> = new Set(["Starting", "Running", "Paused", "Backoff", "Degraded"]);

/** Why nothing is started at all; see lifecycle/held-start.ts. */
const startsHeld = "EmergencyStopsUnreadable";

/** What may be on its way from one run to the next; what is stalled or at rest is not. */
const passing: ReadonlySet<Phase> = new Set([
  "Stopping",
  "Removing",
  "Pending",
  "Preparing",
  "Allocated",
  "Creating",
]);

/** What an object says is to become of its job; a word that nobody knows is taken for the careful one. */
export function deletionPolicyOf(
  { annotations }: Pick<StoredRecord, "annotations">,
  usual: DeletionPolicy,
): DeletionPolicy {
  const written = annotations[annotationNames.deletionPolicy];
  if (written === undefined) return usual;
  return written === "stop" ? "stop" : "finish";
}

/** True while a job that ends by itself runs, and its deletion is to wait for that. */
export function isToFinish(record: StoredRecord, usual: DeletionPolicy): boolean {
  if (record.kind !== "ContainerSpec" || record.spec === null) return false;
  if (record.spec.restartPolicy === "Always" || record.spec.desiredState === "Stopped") return false;
  return deletionPolicyOf(record, usual) === "finish" && isUnderWay(record);
}

/** True while a container of it lives, or a try is left that follows by itself. */
function isUnderWay(record: ContainerRecord): boolean {
  const { phase, container, reason } = record.status;
  if (running.has(phase) || isLive(container)) return true;
  // Whatever it looks like while nothing is started, what has begun goes on afterwards.
  if (reason === startsHeld && record.memory.finished === null && container?.startedAt !== undefined)
    return true;
  if (!passing.has(phase) && reason !== startsHeld) return false;
  if (isBetweenTries(record)) return true;
  // A new container is made beside the one that has ended, or for the next try.
  if (phase === "Creating") return container !== undefined || isMadeAnew(record);
  const { stopCause, finished } = record.memory;
  return container !== undefined && finished === null && stopCause !== null && goesOn.has(stopCause);
}

/** Begun, and no end is known. */
function isLive(container: ContainerRecord["status"]["container"]): boolean {
  if (container?.startedAt === undefined) return false;
  return container.finishedAt === undefined && container.exitCode === undefined;
}

/** What its status says meanwhile. */
export function whileItFinishes(cause: string): NonNullable<StoredRecord["pruneBlocked"]> {
  return {
    reason: finishesFirst,
    message: `${cause}; what runs goes on to its end and is removed then (deletion policy: finish). To end it now: ds01 delete`,
    cause,
  };
}
