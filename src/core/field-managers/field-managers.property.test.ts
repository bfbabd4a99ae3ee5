import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import type { ManagedFieldsEntry } from "../../api/managed-fields.ts";
import type { SchemaNode } from "../../api/schema-node.ts";
import { sameValue } from "../../util/same-value.ts";
import { compareFields } from "./compare-fields.ts";
import { decodeFields, difference, encodeFields, intersection, isEmptySet, union } from "./field-set.ts";
import { fieldsOf } from "./fields-of.ts";
import { applyFields, updateFields } from "./manage-fields.ts";
import { ownersOf } from "./owners.ts";

const schema: SchemaNode = {
  properties: {
    image: { type: "string" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    args: { type: "array" },
    tags: { type: "array", "x-kubernetes-list-type": "set" },
    env: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { properties: { name: {}, value: {}, io: { properties: { weight: {} } } } },
    },
  },
};

const word = fc.constantFrom("a", "b");
const io = fc.record({ weight: fc.constantFrom(1, 2) }, { requiredKeys: [] });
const variable = fc.record(
  { name: fc.constantFrom("A", "B", "C"), value: word, io },
  { requiredKeys: ["name"] },
);
const object = fc.record(
  {
    image: word,
    labels: fc.dictionary(fc.constantFrom("x", "y", "__proto__", "constructor"), word),
    args: fc.array(word, { maxLength: 2 }),
    tags: fc.uniqueArray(fc.constantFrom("s", "t"), { maxLength: 2 }),
    env: fc.uniqueArray(variable, { selector: ({ name }) => name, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const write = fc.record({
  manager: fc.constantFrom("ann", "ben", "cid"),
  apply: fc.boolean(),
  force: fc.boolean(),
  object,
});

interface Live {
  readonly value: unknown;
  readonly managers: readonly ManagedFieldsEntry[];
}

function after(
  live: Live,
  { manager, apply, force, object: wanted }: typeof write extends fc.Arbitrary<infer W> ? W : never,
): Live {
  const by = { manager, apiVersion: "v1", now: 0 };
  if (!apply) return { value: wanted, managers: updateFields(live, wanted, schema, by) };
  const outcome = applyFields({ live, applied: wanted, schema, by, force });
  return "conflicts" in outcome ? live : outcome;
}

const started: Live = { value: {}, managers: [] };
const history = fc.array(write, { maxLength: 8 });

test(
  "who applies twice changes nothing the second time",
  () => {
    fc.assert(
      fc.property(history, write, (before, last) => {
        const once = after(before.reduce(after, started), { ...last, apply: true, force: true });
        const twice = after(once, { ...last, apply: true });
        expect(twice).toEqual(once);
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "what is applied stands in the object, and the manager owns exactly that",
  () => {
    fc.assert(
      fc.property(history, write, (before, last) => {
        const live = after(before.reduce(after, started), { ...last, apply: true, force: true });
        const { added, modified } = compareFields(live.value, last.object, schema);
        expect(isEmptySet(modified)).toBe(true);
        // Items and fields of others are more, never less; an empty list is nobody's.
        expect(isEmptySet(intersection(added, fieldsOf(last.object, schema)))).toBe(true);
        const own = live.managers.find(
          ({ manager, operation }) => manager === last.manager && operation === "Apply",
        );
        expect(own?.fieldsV1 ?? {}).toEqual(encodeFields(fieldsOf(last.object, schema)));
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "a refused apply names only fields of others, and none that would stay as it is",
  () => {
    fc.assert(
      fc.property(history, write, (before, { manager, object: wanted }) => {
        const live = before.reduce(after, started);
        const by = { manager, apiVersion: "v1", now: 0 };
        const outcome = applyFields({ live, applied: wanted, schema, by, force: false });
        if (!("conflicts" in outcome)) return;
        expect(outcome.conflicts.length).toBeGreaterThan(0);
        for (const { owner } of outcome.conflicts) {
          expect([owner.manager, owner.operation]).not.toEqual([manager, "Apply"]);
        }
        expect(sameValue(wanted, live.value)).toBe(false);
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "fields survive being written down, and sets obey their laws",
  () => {
    fc.assert(
      fc.property(object, object, (one, other) => {
        const [a, b] = [fieldsOf(one, schema), fieldsOf(other, schema)];
        const read = decodeFields(JSON.parse(JSON.stringify(encodeFields(a))));
        expect(encodeFields(read ?? a)).toEqual(encodeFields(a));
        expect(encodeFields(union(difference(a, b), intersection(a, b)))).toEqual(encodeFields(a));
        expect(isEmptySet(intersection(difference(a, b), b))).toBe(true);
        expect(encodeFields(union(a, b))).toEqual(encodeFields(union(b, a)));
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test(
  "however many write, few managers are kept and no field is lost",
  () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b"), { minLength: 11, maxLength: 20 }), (values) => {
        let live = started;
        for (const [index, value] of values.entries()) {
          const labels = { ...(live.value as { labels?: object }).labels, [`l${index}`]: value };
          const by = { manager: `m${index}`, apiVersion: "v1", now: index * 1000 };
          const next = { labels };
          live = { value: next, managers: updateFields(live, next, schema, by) };
        }
        expect(live.managers.length).toBe(10);
        const all = (ownersOf(live.managers) ?? []).reduce(
          (set, { fields }) => union(set, fields),
          fieldsOf({}, schema),
        );
        expect(isEmptySet(difference(fieldsOf(live.value, schema), { ...all, isMember: true }))).toBe(true);
      }),
      propertyRuns,
    );
  },
  propertyTimeoutMs,
);

test.each(["x", null, [], { "g:a": {} }, { "k:{": {} }, { "f:a": 1 }, { "i:x": {} }, { "f:a": { "?": {} } }])(
  "is no set of fields: %j",
  (fields) => {
    expect(decodeFields(fields)).toBeUndefined();
  },
);
