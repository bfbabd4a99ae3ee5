import { expect, test } from "vitest";
import { fieldsWithout } from "./fields-without.ts";

test("the fields that only the first one has, at whatever depth, by their paths", () => {
  const value = { a: 1, b: { c: [{ d: 1 }, { d: 2, e: 3 }] }, f: null };
  expect(fieldsWithout(value, { a: 2, b: { c: [{ d: 1 }, { d: 2 }] } })).toEqual(["b.c.1.e", "f"]);
  expect(fieldsWithout(value, value)).toEqual([]);
  expect(fieldsWithout("text", { a: 1 })).toEqual([]);
});
