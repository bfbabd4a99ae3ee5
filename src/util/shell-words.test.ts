import fc from "fast-check";
import { expect, test } from "vitest";
import { shellQuote } from "./shell-quote.ts";
import { shellWords } from "./shell-words.ts";

test.each([
  ["", []],
  ["  a  b\n c ", ["a", "b", "c"]],
  [`a "b c" 'd e'`, ["a", "b c", "d e"]],
  [`a"b"'c'd`, ["abcd"]],
  [`"" ''`, ["", ""]],
  [`\\"a\\ b`, ['"a b']],
  [`"a\\"b\\n" 'c\\'`, ['a"b\\n', "c\\"]],
  [`a "b`, undefined],
  [`a \\`, undefined],
])("%j", (line, words) => {
  expect(shellWords(line)).toEqual(words);
});

test("quoted words are read back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
      expect(shellWords(words.map((word) => shellQuote(word)).join(" "))).toEqual(words);
    }),
  );
});
