import { expect, it } from "vitest";
import {
  isWithinOwnerBounds,
  ownedCharactersMax,
  ownedFieldsMax,
  ownersMax,
  ownersToNote,
} from "./owner-bounds.ts";

/** An object that counts how many of its fields were read. */
function counted(names: readonly string[]): { readonly fields: object; readonly reads: () => number } {
  let reads = 0;
  const fields = new Proxy(Object.fromEntries(names.map((name) => [name, {}])), {
    get: (target, name) => {
      reads += 1;
      return target[String(name)];
    },
  });
  return { fields, reads: () => reads };
}

it("looks at no more fields than an object may have owners of", () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `f:${index}`);
  const { fields, reads } = counted(names);
  expect(isWithinOwnerBounds([{ fieldsV1: fields }])).toBe(false);
  expect(reads()).toBe(ownedFieldsMax);
  expect(isWithinOwnerBounds([{ fieldsV1: counted(names.slice(0, ownedFieldsMax)).fields }])).toBe(true);
});

it("looks at no more names than fit into an object, and counts all owners together", () => {
  const names = Array.from({ length: 1000 }, (_, index) => `f:${String(index).padEnd(1022, "x")}`);
  const { fields, reads } = counted(names);
  expect(isWithinOwnerBounds([{ fieldsV1: fields }])).toBe(false);
  expect(reads()).toBe(ownedCharactersMax / 1024);
  const half = { fieldsV1: counted(names.slice(0, 33)).fields };
  expect(isWithinOwnerBounds([half])).toBe(true);
  expect(isWithinOwnerBounds([half, half])).toBe(false);
});

it("takes nesting as it comes", () => {
  let deep: object = {};
  for (let depth = 0; depth < ownedFieldsMax; depth += 1) deep = { "f:a": deep };
  expect(isWithinOwnerBounds([{ fieldsV1: deep }, { fieldsV1: null }, {}])).toBe(true);
  expect(isWithinOwnerBounds([{ fieldsV1: { "f:a": deep } }])).toBe(false);
});

it("knows how many owners are too many, and notes none rather than some", () => {
  const entry = {
    manager: "ann",
    operation: "Apply",
    apiVersion: "ds01.io/v1alpha1",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": {} },
  } as const;
  const crowd = Array.from({ length: ownersMax }, () => entry);
  expect(ownersToNote(crowd)).toBe(crowd);
  expect(ownersToNote([...crowd, entry])).toEqual([]);
});
