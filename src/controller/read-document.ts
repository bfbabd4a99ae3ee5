import type { z } from "zod";
import type { StateDocument } from "../ports/state-document.ts";

/** What a document holds; null where there is none, or, after `onUnreadable`, where it holds something else or cannot be read. */
export function readDocument<T>(
  document: StateDocument,
  schema: z.ZodType<T>,
  onUnreadable: () => void,
): T | null {
  const value = document.read();
  if (value === null) return null;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  document.keepDamaged?.();
  onUnreadable();
  return null;
}
