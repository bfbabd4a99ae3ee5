import { objectSchema } from "../api/crd.ts";
import { pruneUnknown } from "../api/prune-unknown.ts";
import type { KindName } from "../api/names.ts";
import type { SchemaNode } from "../api/schema-node.ts";
import type { Exchange } from "./exchange.ts";
import { StatusError } from "./failure.ts";
import type { MergePatch } from "./merge-patch.ts";

const specSchemas = new Map<string, SchemaNode>();

/**
 * The `spec` of a body as the request wants unknown fields treated: with `fieldValidation=Ignore` or `Warn` they are
 * dropped, with Warn in a warning each. Else they stay, and the check of the whole object refuses them by line, with
 * the field that was meant.
 */
export function checkedSpec({ query, response }: Exchange, type: KindName, spec: MergePatch): MergePatch {
  const wanted = query.get("fieldValidation") ?? "Strict";
  if (wanted === "Strict" || type.kind === "Event") return spec;
  if (wanted !== "Warn" && wanted !== "Ignore") {
    throw new StatusError("BadRequest", `fieldValidation: wanted Strict, Warn or Ignore, found "${wanted}"`);
  }
  const schema = specSchemas.get(type.kind) ?? objectSchema(type.kind).properties?.["spec"] ?? {};
  specSchemas.set(type.kind, schema);
  const { value, unknown } = pruneUnknown(schema, spec, "spec");
  if (wanted === "Warn" && unknown.length > 0) {
    const warnings = unknown
      .slice(0, 20)
      .map((path) => `299 - ${quoted(`unknown field ${JSON.stringify(path)}`)}`);
    response.setHeader("warning", warnings);
  }
  return value as MergePatch;
}

/** A quoted string of a header; what no header may hold is replaced. */
function quoted(text: string): string {
  const safe = text.replaceAll(/[^\x20-\x7E]/g, "?");
  return `"${safe.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
}
