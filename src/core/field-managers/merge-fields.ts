import type { SchemaNode } from "../../api/schema-node.ts";
import { partsOf, schemaBelow, valueOf } from "./parts.ts";

/** The object with what is applied to it; nothing goes by that. */
export function mergeFields(live: unknown, applied: unknown, schema: SchemaNode): unknown {
  if (applied === undefined) return live;
  const [was, is] = [partsOf(live, schema), partsOf(applied, schema)];
  if (was === undefined || is === undefined || was.type !== is.type) return applied;
  const elements = is.type === "list" ? inOrder([...was.values.keys()], [...is.values.keys()]) : undefined;
  const names = elements ?? new Set([...was.values.keys(), ...is.values.keys()]);
  const merged = [...names].map(
    (name) =>
      [name, mergeFields(was.values.get(name), is.values.get(name), schemaBelow(schema, name))] as const,
  );
  return valueOf({ type: is.type, values: new Map(merged) });
}

/** All items: what is applied in its order, and what is not among it where it stood. */
function inOrder(live: readonly string[], applied: readonly string[]): readonly string[] {
  const [isLive, isApplied] = [new Set(live), new Set(applied)];
  const rest = [...applied];
  const ordered: string[] = [];
  for (const item of live) {
    if (!isApplied.has(item)) {
      ordered.push(item);
      continue;
    }
    // As many shared items as have been passed: theirs is the order in which they are applied.
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      ordered.push(next);
      if (isLive.has(next)) break;
    }
  }
  return [...ordered, ...rest];
}
