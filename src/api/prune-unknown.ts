import type { SchemaNode } from "./schema-node.ts";

/** A value without the fields that its schema does not know, and their paths. */
export interface Pruned {
  readonly value: unknown;
  /** Such as `spec.volumes[0].size`. */
  readonly unknown: readonly string[];
}

/** What Kubernetes does with unknown fields unless it is told to be strict: they are dropped. */
export function pruneUnknown(schema: SchemaNode, value: unknown, path: string): Pruned {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return { value, unknown: [] };
    const members = value.map((member, index) => pruneUnknown(items, member, `${path}[${index}]`));
    return {
      value: members.map((member) => member.value),
      unknown: members.flatMap(({ unknown }) => unknown),
    };
  }
  if (typeof value !== "object" || value === null) return { value, unknown: [] };
  const { properties, additionalProperties } = schema;
  if (properties === undefined && typeof additionalProperties !== "object") return { value, unknown: [] };
  const kept: [string, unknown][] = [];
  const unknown: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
    const node = known ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
    if (node === undefined) {
      unknown.push(`${path}.${name}`);
      continue;
    }
    const inner = pruneUnknown(node, member, `${path}.${name}`);
    kept.push([name, inner.value]);
    unknown.push(...inner.unknown);
  }
  return { value: Object.fromEntries(kept), unknown };
}
