import type { KindName } from "../api/names.ts";
import type { StoredRecord } from "../core/record.ts";
import { sha256 } from "../util/hash.ts";
import { modifiedMeanwhile } from "./expected-object.ts";
import type { ExpectedObject } from "./expected-object.ts";

/** The object as the caller has read it, where the write is meant for that version alone; undefined for any version. */
export function basisOf(record: StoredRecord, { resourceVersion }: ExpectedObject): StoredRecord | undefined {
  return resourceVersion === undefined ? undefined : record;
}

/**
 * Throws Conflict where the file was edited after the version that a write is meant for: the controller has not taken
 * that in yet, so the object still has this version. What was refused says nothing about the object, and may be mended.
 */
export function refuseUnseenEdit(
  type: KindName,
  basis: StoredRecord | undefined,
  text: string | undefined,
): void {
  if (basis === undefined || basis.rejection !== null || text === undefined) return;
  if (sha256(text) !== basis.source.contentHash) throw modifiedMeanwhile(type, basis.name);
}
