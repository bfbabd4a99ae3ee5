import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./hash.ts";
import { sameValue } from "./same-value.ts";

describe("sameValue", () => {
  it("says of plain data what equal canonical JSON says", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(sameValue(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
      }),
    );
    fc.assert(fc.property(value, (data) => sameValue(data, structuredClone(data))));
  });

  it("takes an undefined member for an absent one, on either side", () => {
    expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameValue({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(sameValue({ a: undefined }, { a: null })).toBe(false);
    expect(sameValue({ b: undefined, a: 1 }, { c: 1, a: 1 })).toBe(false);
  });

  it("tells lists from objects and from shorter lists", () => {
    expect(sameValue([], {})).toBe(false);
    expect(sameValue([1, 2], [1])).toBe(false);
    expect(sameValue([1, { a: [2] }], [1, { a: [2] }])).toBe(true);
  });
});
