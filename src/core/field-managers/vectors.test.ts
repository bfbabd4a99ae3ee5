import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FieldsV1, ManagedFieldsEntry } from "../../api/managed-fields.ts";
import type { SchemaNode } from "../../api/schema-node.ts";
import { canonicalJson } from "../../util/hash.ts";
import { applyFields, updateFields } from "./manage-fields.ts";

interface Step {
  readonly operation: "Apply" | "Update";
  readonly manager: string;
  readonly force: boolean;
  readonly object: unknown;
  readonly answer: {
    readonly object: unknown;
    readonly conflicts?: readonly string[];
    readonly managers: Readonly<Record<string, FieldsV1>>;
  };
}

const resources: SchemaNode = {
  type: "object",
  properties: {
    cpus: { type: "integer" },
    io: { type: "object", properties: { weight: { type: "integer" }, path: { type: "string" } } },
  },
};
const variable: SchemaNode = {
  type: "object",
  properties: { name: { type: "string" }, value: { type: "string" }, from: resources },
};
const schema: SchemaNode = {
  properties: {
    spec: {
      type: "object",
      properties: {
        image: { type: "string" },
        count: { type: "integer" },
        labels: { type: "object", additionalProperties: { type: "string" } },
        env: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: variable,
        },
        tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
        args: { type: "array", items: { type: "string" } },
        resources,
      },
    },
  },
};

const path = new URL("../../../test/testdata/server-side-apply/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as readonly { readonly steps: readonly Step[] }[];

/** The library puts items of a list in another order. */
function unordered(value: unknown): string {
  const sorted = (_: string, member: unknown): unknown =>
    Array.isArray(member) && !member.includes("m") && !member.includes("n")
      ? member.toSorted((one, other) => (canonicalJson(one) < canonicalJson(other) ? -1 : 1))
      : member;
  return canonicalJson(JSON.parse(JSON.stringify(value), sorted));
}

describe("agrees with Kubernetes' library", () => {
  it.each(vectors.map(({ steps }, index) => ({ index, steps })))("sequence $index", ({ steps }) => {
    let value: unknown = {};
    let managers: readonly ManagedFieldsEntry[] = [];
    for (const { operation, manager, force, object, answer } of steps) {
      const live = { value, managers };
      const by = { manager, apiVersion: "v1", now: 0 };
      let conflicts: readonly string[] | undefined;
      if (operation === "Update") {
        managers = updateFields(live, object, schema, by);
        value = object;
      } else {
        const outcome = applyFields({ live, applied: object, schema, by, force });
        if ("conflicts" in outcome) {
          conflicts = outcome.conflicts.map(({ owner, path: field }) => `${owner.manager} ${field}`);
        } else ({ value, managers } = outcome);
      }
      expect(unordered(value)).toBe(unordered(answer.object));
      expect(conflicts?.toSorted()).toEqual(answer.conflicts);
      expect(Object.fromEntries(managers.map((entry) => [entry.manager, entry.fieldsV1]))).toEqual(
        answer.managers,
      );
    }
  });
});
