import { detailsOf, notFound, qualified, StatusError } from "./failure.ts";
import type { ResourceType } from "./resource-type.ts";

/** Which object a write is meant for; undefined: whichever has the name, at whichever version. */
export interface ExpectedObject {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** What a write would change. */
interface FoundObject {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: number;
}

/** Throws Conflict, in Kubernetes' words, where the object is another one, or no longer as it was read. */
export function refuseUnexpected(type: ResourceType, found: FoundObject, expected: ExpectedObject): void {
  refuseOtherUid(type, found, expected);
  const { resourceVersion } = expected;
  if (resourceVersion === undefined || resourceVersion === String(found.resourceVersion)) return;
  throw modifiedMeanwhile(type, found.name);
}

/** Conflict: the object is no longer as it was read. */
export function modifiedMeanwhile(type: ResourceType, name: string): StatusError {
  return conflict(
    type,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

/** The same for a deletion, of which Kubernetes says what was compared. */
export function refuseUnexpectedDeletion(
  type: ResourceType,
  found: FoundObject,
  expected: ExpectedObject,
): void {
  refuseOtherUid(type, found, expected);
  const { resourceVersion } = expected;
  if (resourceVersion === undefined || resourceVersion === String(found.resourceVersion)) return;
  throw conflict(type, found.name, precondition("ResourceVersion", resourceVersion, found.resourceVersion));
}

/** Throws where a write is meant for a certain object, and there is none of the name. */
export function refuseMissing(type: ResourceType, name: string, expected: ExpectedObject): void {
  if (expected.uid !== undefined) throw conflict(type, name, precondition("UID", expected.uid, ""));
  if (expected.resourceVersion !== undefined) throw notFound(type, name);
}

function refuseOtherUid(type: ResourceType, { name, uid }: FoundObject, expected: ExpectedObject): void {
  if (expected.uid === undefined || expected.uid === uid) return;
  throw conflict(type, name, precondition("UID", expected.uid, uid));
}

function precondition(what: string, wanted: string, found: string | number): string {
  return `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
}

function conflict(type: ResourceType, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`;
  return new StatusError("Conflict", message, detailsOf(type, name));
}
