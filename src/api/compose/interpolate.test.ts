import fc from "fast-check";
import { expect, test } from "vitest";
import { interpolate } from "./interpolate.ts";

const variables: Readonly<Record<string, string>> = { SET: "value", EMPTY: "" };
const lookup = (name: string): string | undefined => variables[name];

test.each([
  ["plain", "plain"],
  ["$SET-$SET", "value-value"],
  ["${SET}s", "values"],
  ["$$SET $$", "$SET $"],
  ["${SET:-x}${EMPTY:-x}${UNSET:-x}", "valuexx"],
  ["${SET-x}${EMPTY-x}${UNSET-x}", "valuex"],
  ["${SET:+x}${EMPTY:+x}${UNSET:+x}", "x"],
  ["${SET+x}${EMPTY+x}${UNSET+x}", "xx"],
  ["${SET:?no}${EMPTY?no}", "value"],
  ["${UNSET:-${OTHER:-in $SET}}", "in value"],
  ["${UNSET-a:b-c}", "a:b-c"],
])("%s becomes %s", (text, expected) => {
  expect(interpolate(text, lookup)).toEqual({ text: expected, unset: [] });
});

test("what is not set is empty and named, also in a default that is taken, and not in one that is not", () => {
  expect(interpolate("a$UNSET${OTHER}", lookup)).toEqual({ text: "a", unset: ["UNSET", "OTHER"] });
  expect(interpolate("${UNSET:-$OTHER}", lookup)).toEqual({ text: "", unset: ["OTHER"] });
  expect(interpolate("${SET:-$OTHER}", lookup)).toEqual({ text: "value", unset: [] });
});

test.each([
  ["${EMPTY:?must be said}", "EMPTY is not set: must be said"],
  ["${UNSET?}", "UNSET is not set"],
  ["${SET", "is not closed"],
  ["${SET!}", "is not closed"],
  ["${}", "is not followed by a name"],
  ["$ ", "write $$ for a dollar"],
  ["$", "write $$ for a dollar"],
  ["$1", "write $$ for a dollar"],
])("%s is refused", (text, said) => {
  expect(interpolate(text, lookup)).toEqual({ wrong: expect.stringContaining(said) });
});

test("a text whose dollars are doubled is what it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(interpolate(text.replaceAll("$", "$$$$"), lookup)).toEqual({ text, unset: [] });
    }),
  );
});
