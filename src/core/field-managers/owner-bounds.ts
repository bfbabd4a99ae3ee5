import type { ManagedFieldsEntry } from "../../api/managed-fields.ts";

/**
 * How much an object may note of who owns its fields: enough for more than a thousand fields of a few managers. The
 * record of an object is written with each change of its status, and its owners are read for each write.
 */
export const ownedFieldsMax = 5000;
/** Characters of their names, without what JSON puts around them. */
export const ownedCharactersMax = 64 * 1024;
/** Entries of `metadata.managedFields`. */
export const ownersMax = 100;

/** In the words of a refusal. */
export const ownersTooLong =
  `Too long: may not be more than ${ownedCharactersMax} characters, ` +
  `nor more than ${ownedFieldsMax} fields or ${ownersMax} entries`;

/** Whether these entries are within the bounds; looks no further than they reach, whatever stands in the entries. */
export function isWithinOwnerBounds(entries: readonly { readonly fieldsV1?: unknown }[]): boolean {
  if (entries.length > ownersMax) return false;
  const waiting: unknown[] = entries.map(({ fieldsV1 }) => fieldsV1);
  let [count, characters] = [0, 0];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    for (const element in next) {
      count += 1;
      characters += element.length;
      if (count > ownedFieldsMax || characters > ownedCharactersMax) return false;
      waiting.push((next as Readonly<Record<string, unknown>>)[element]);
    }
  }
  return true;
}

/** The owners of an object, or none where that is too much to note: all of it is then of the source of its file. */
export function ownersToNote(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  return isWithinOwnerBounds(entries) ? entries : [];
}
