import type { z } from "zod";
import type { StateDocument } from "../ports/state-document.ts";
import { fieldsWithout } from "../util/fields-without.ts";

/**
 * What a document holds; null where there is none, or, after `onUnreadable`, where it holds something else or cannot be
 * read: then the document keeps a copy and tells of it. Fields that the schema does not know are left out, and the
 * document keeps a copy of them.
 */
export function readDocument<T>(
  document: StateDocument,
  schema: z.ZodType<T>,
  onUnreadable: () => void = () => undefined,
): T | null {
  const value = document.read();
  if (value === null) return null;
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    document.keepDamaged?.();
    onUnreadable();
    return null;
  }
  const unknown = fieldsWithout(value, parsed.data);
  if (unknown.length > 0) document.keepUnknown?.(unknown);
  return parsed.data;
}
