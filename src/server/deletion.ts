import type { KindName } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Exchange } from "./exchange.ts";
import { detailsOf, qualified, StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";
import { readOwnObject } from "./review-body.ts";

/** What the body of a DELETE says: DeleteOptions of meta/v1, as far as they mean anything here. */
export interface Deletion {
  readonly dryRun: boolean;
  /** The object must have this uid and version; undefined: any. */
  readonly uid: unknown;
  readonly resourceVersion: unknown;
}

/** Reads the body of a DELETE; kubectl says there, not in the query, that it only asks. */
export async function deletionOf(exchange: Exchange): Promise<Deletion> {
  const { dryRun = [], preconditions } = await readOwnObject(exchange);
  const { uid, resourceVersion } = isObject(preconditions) ? preconditions : {};
  if (!Array.isArray(dryRun) || dryRun.some((word) => word !== "All")) {
    throw new StatusError("BadRequest", 'dryRun: the only supported value is "All"');
  }
  return { dryRun: dryRun.length > 0, uid, resourceVersion };
}

/** Conflict where the object is no longer the one that was meant. */
export function refuseOtherDeletion(type: KindName, record: StoredRecord, wanted: Deletion): void {
  const { uid, resourceVersion } = wanted;
  const isMeant =
    (uid === undefined || uid === record.uid) &&
    (resourceVersion === undefined || resourceVersion === String(record.resourceVersion));
  if (isMeant) return;
  throw new StatusError(
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(type)} "${record.name}": Precondition failed: it is another object or version now`,
    detailsOf(type, record.name),
  );
}
