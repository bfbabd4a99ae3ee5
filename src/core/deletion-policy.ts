import type { Phase } from "../api/container.ts";
import { annotations as annotationNames, type DeletionPolicy } from "../api/names.ts";
import type { StoredRecord } from "./record.ts";

/** Why an object is still there whose deletion was let through. */
export const finishesFirst = "FinishesFirst";

/** What runs, or is between two tries; nothing that waits for its turn has begun. */
const underWay: ReadonlySet<Phase> = new Set(["Starting", "Running", "Paused", "Backoff", "Degraded"]);

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
  return underWay.has(record.status.phase) && deletionPolicyOf(record, usual) === "finish";
}

/** What its status says meanwhile. */
export function whileItFinishes(cause: string): NonNullable<StoredRecord["pruneBlocked"]> {
  return {
    reason: finishesFirst,
    message: `${cause}; what runs goes on to its end and is removed then (deletion policy: finish). To end it now: ds01 delete`,
    cause,
  };
}
