import { expect, test } from "vitest";
import { applyMergePatch, mergePatchBetween } from "./merge-patch.ts";

test.each(["constructor", "toString", "valueOf", "hasOwnProperty"])(
  "a label called %s is a label like any other",
  (name) => {
    expect(mergePatchBetween({ [name]: "a" }, {})).toEqual({ [name]: null });
    expect(mergePatchBetween({}, { [name]: "a" })).toEqual({ [name]: "a" });
    expect(mergePatchBetween({}, { [name]: { a: 1 } })).toEqual({ [name]: { a: 1 } });
    expect(applyMergePatch({}, { [name]: { a: 1, b: null } })).toEqual({ [name]: { a: 1 } });
  },
);

test("what is undefined says nothing, and removes what was", () => {
  expect(mergePatchBetween({ a: 1, b: { c: 2, d: 3 } }, { a: undefined, b: { c: 2 } })).toEqual({
    a: null,
    b: { d: null },
  });
});
