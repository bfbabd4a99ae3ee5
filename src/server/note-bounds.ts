import { appliedConfiguration } from "../api/applied-configuration.ts";
import type { KindName } from "../api/names.ts";
import type { FieldNotes } from "../core/field-managers/field-notes.ts";
import { ownersTooLong } from "../core/field-managers/owner-bounds.ts";
import { detailsOf, StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";
import { groupOf } from "./resource-type.ts";
import { readDocument } from "./spec-text.ts";

/** Bytes of all annotations of an object, keys and values, as in Kubernetes. */
const annotationBytesMax = 256 * 1024;

/** Refuses annotations that with kubectl's note are more than an object may have: Invalid, in Kubernetes' words. */
export function refuseLargeNotes(
  { type, target }: { readonly type: KindName; readonly target: { readonly name: string } },
  document: string,
  { lastApplied }: FieldNotes,
): void {
  // A text is longer than the annotations in it, and alone no longer than a file may be.
  if (lastApplied === undefined) return;
  const note = Buffer.byteLength(appliedConfiguration) + Buffer.byteLength(lastApplied);
  if (note + Buffer.byteLength(document) <= annotationBytesMax) return;
  if (note + annotationBytesIn(document) <= annotationBytesMax) return;
  const field = "metadata.annotations";
  const message = `Too long: may not be more than ${annotationBytesMax} bytes`;
  const subject = `${type.kind}.${groupOf(type)} "${target.name}" is invalid`;
  throw new StatusError("Invalid", `${subject}: ${field}: ${message}`, {
    ...detailsOf(type, target.name),
    kind: type.kind,
    causes: [{ reason: "FieldValueTooLong", message, field }],
  });
}

/** Invalid: `metadata.managedFields` would be more than an object may have. */
export function tooManyOwners(): StatusError {
  const field = "metadata.managedFields";
  const causes = [{ reason: "FieldValueTooLong", message: ownersTooLong, field }];
  return new StatusError("Invalid", `${field}: ${ownersTooLong}`, { causes });
}

function annotationBytesIn(document: string): number {
  const said = readDocument(document);
  const metadata = isObject(said) ? said["metadata"] : undefined;
  const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
  if (!isObject(annotations)) return 0;
  return Object.entries(annotations)
    .filter(([name]) => name !== appliedConfiguration)
    .reduce((bytes, [name, value]) => bytes + Buffer.byteLength(name) + Buffer.byteLength(String(value)), 0);
}
