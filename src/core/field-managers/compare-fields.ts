import type { SchemaNode } from "../../api/schema-node.ts";
import { sameValue } from "../../util/same-value.ts";
import { fieldSet, noFields } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { partsOf, schemaBelow } from "./parts.ts";
import type { Parts } from "./parts.ts";

/** How one object differs from another. */
export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const unchanged: FieldChanges = { added: noFields, modified: noFields, removed: noFields };

/** What is new, other and gone in `after`; undefined on one side: all of the other. */
export function compareFields(before: unknown, after: unknown, schema: SchemaNode): FieldChanges {
  if (before === after) return unchanged;
  const was = before === undefined ? undefined : partsOf(before, schema);
  const is = after === undefined ? undefined : partsOf(after, schema);
  if (isWhole({ before, after, was, is })) return changedWhole(before, after);
  const elements = new Set([...(was?.values.keys() ?? []), ...(is?.values.keys() ?? [])]);
  const below = [...elements].map((element) => {
    const [one, other] = [was?.values.get(element), is?.values.get(element)];
    return [element, compareFields(one, other, schemaBelow(schema, element))] as const;
  });
  return {
    added: fieldSet(
      before === undefined,
      below.map(([element, { added }]) => [element, added]),
    ),
    modified: fieldSet(
      false,
      below.map(([element, { modified }]) => [element, modified]),
    ),
    removed: fieldSet(
      after === undefined,
      below.map(([element, { removed }]) => [element, removed]),
    ),
  };
}

/** True where there are no parts on both sides to be told apart. */
function isWhole({
  before,
  after,
  was,
  is,
}: {
  readonly before: unknown;
  readonly after: unknown;
  readonly was: Parts | undefined;
  readonly is: Parts | undefined;
}): boolean {
  if (before === undefined) return is === undefined;
  if (after === undefined) return was === undefined;
  return was === undefined || was.type !== is?.type;
}

function changedWhole(before: unknown, after: unknown): FieldChanges {
  const it = fieldSet(true, []);
  if (before === undefined) return { ...unchanged, added: it };
  if (after === undefined) return { ...unchanged, removed: it };
  return sameValue(before, after) ? unchanged : { ...unchanged, modified: it };
}
