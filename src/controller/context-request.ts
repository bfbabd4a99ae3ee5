import type { ContainerRecord } from "../core/record.ts";
import type { ContextRequest } from "../ports/build-contexts.ts";
import { canonicalJson } from "../util/hash.ts";

/** Where the files lie that the object's image is built from; null: it is not built. */
export function contextRequestOf({ spec, source, namespace }: ContainerRecord): ContextRequest | null {
  if (spec?.build === undefined) return null;
  const { context, dockerfile } = spec.build;
  return { source: source.source, specPath: source.path, namespace, context, dockerfile };
}

/** Another answer for another build: of other files, or in another way. */
export function buildKey(record: ContainerRecord): string {
  return canonicalJson({ request: contextRequestOf(record), build: record.spec?.build ?? null });
}
