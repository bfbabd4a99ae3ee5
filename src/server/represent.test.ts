import { expect, test } from "vitest";
import type { ApiObject } from "../api/meta.ts";
import { namespaceType } from "./resource-type.ts";
import { listHead, listItems, objectText, type View } from "./represent.ts";

const views: readonly View[] = [
  { type: namespaceType, representation: "object", includeObject: "Metadata", now: 0 },
  { type: namespaceType, representation: "metadata", includeObject: "Metadata", now: 0 },
  { type: namespaceType, representation: "table", includeObject: "Metadata", now: 0 },
  { type: namespaceType, representation: "table", includeObject: "Object", now: 0 },
];

/** An object with an annotation of so many characters, and how often that was written out. */
function counted(characters: number): { readonly object: ApiObject; readonly times: () => number } {
  let times = 0;
  const annotations = {
    get note(): string {
      times += 1;
      return "a".repeat(characters);
    },
  };
  const metadata = {
    name: "alice",
    uid: "1",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    annotations,
  };
  const object = { apiVersion: "v1", kind: "Namespace", metadata, status: {} } as unknown as ApiObject;
  return { object, times: () => times };
}

test.each(views)("what many ask for is written out once: $representation, $includeObject", (view) => {
  const { object, times } = counted(100);
  const texts = [objectText(view, object, true), objectText(view, object, true)];
  listItems(view, [object]);
  expect(texts[1]).toBe(texts[0]);
  expect(times()).toBe(1);
});

test.each([0, 1, 3])("a list is the texts of its %i items, whatever is written in them", (count) => {
  const objects = Array.from(
    { length: count },
    (_, index) =>
      ({ metadata: { name: `${"ü".repeat(index)}€😀\ud800`, resourceVersion: "1" } }) as unknown as ApiObject,
  );
  const view: View = { type: namespaceType, representation: "object", includeObject: "Metadata", now: 0 };
  const text = `${listHead(view, 7)}${listItems(view, objects).toString()}`;
  expect(JSON.parse(text)).toEqual({
    kind: "NamespaceList",
    apiVersion: "v1",
    metadata: { resourceVersion: "7" },
    items: objects,
  });
});

test.each(views)("a long text is not kept with the history: $representation, $includeObject", (view) => {
  const { object, times } = counted(20_000);
  const texts = [objectText(view, object, true), objectText(view, object, true)];
  expect(texts[1]).toBe(texts[0]);
  expect(times()).toBe(2);
});

test("a row whose age has changed tells it, and writes nothing else out again", () => {
  const { object, times } = counted(10);
  const view: View = { type: namespaceType, representation: "table", includeObject: "Metadata", now: 0 };
  const created = Date.parse("2026-01-01T00:00:00Z");
  const rowAt = (afterMs: number): unknown => {
    const { rows } = JSON.parse(objectText({ ...view, now: created + afterMs }, object, false)) as {
      rows: readonly { cells: readonly unknown[]; object: unknown }[];
    };
    return rows[0];
  };
  const metadata = { name: "alice", annotations: { note: "a".repeat(10) } };
  for (const [afterMs, age] of [
    [1000, "1s"],
    [2000, "2s"],
    [3_600_000 * 30, "30h"],
    [3_600_000 * 30 + 1000, "30h"],
    [3_600_000 * 72, "3d"],
  ] as const) {
    expect(rowAt(afterMs)).toMatchObject({ cells: ["alice", "Active", age], object: { metadata } });
  }
  expect(times()).toBe(1);
});
