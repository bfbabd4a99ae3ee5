import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";

const corpora = join(import.meta.dirname, "../testdata/fuzz");

/** The texts of a corpus by file name; what a fuzzer has found once is kept there as well. */
export function corpus(name: string): ReadonlyMap<string, string> {
  const folder = join(corpora, name);
  return new Map(
    readdirSync(folder)
      .toSorted()
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
}

/** Names that every object of the language has, and what separates, opens, escapes, ends or overflows somewhere. */
const tokens = [
  "__proto__",
  "constructor",
  "toString",
  "..",
  "/",
  "//",
  "\0",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\\",
  '"',
  "'",
  "${",
  "}",
  "{",
  "[",
  "]",
  "<",
  ">",
  "<!--",
  "-->",
  "&#1114112;",
  "&a",
  "*a",
  "%",
  "~",
  ":",
  "- ",
  ",",
  "=",
  "-1",
  "0",
  "1e999",
  "99999999999999999999",
  "9007199254740993",
  "\u001b[4m",
  "\uFEFF",
  "\uD800",
  "\u2028",
  "İ",
  "null",
  "true",
];

const piece = fc.oneof(
  fc.constantFrom(...tokens),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 12 }),
);

type Mutation = (text: string) => string;

/** Places are parts of the length, so that they stay places whatever was changed before. */
const place = fc.nat({ max: 1000 });
const at = (text: string, part: number): number => Math.floor((text.length * part) / 1000);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, piece).map(
    ([part, more]): Mutation =>
      (text) =>
        text.slice(0, at(text, part)) + more + text.slice(at(text, part)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Mutation =>
      (text) =>
        text.slice(0, at(text, from)) + text.slice(at(text, to)),
  ),
  fc
    .tuple(place, fc.nat({ max: 40 }), fc.integer({ min: 2, max: 300 }))
    .map(([part, length, times]): Mutation => (text) => {
      const from = at(text, part);
      return text.slice(0, from) + text.slice(from, from + length).repeat(times) + text.slice(from + length);
    }),
  fc.tuple(place, piece).map(
    ([part, other]): Mutation =>
      (text) =>
        text.slice(0, at(text, part)) + other + text.slice(at(text, part) + other.length),
  ),
  place.map(
    (part): Mutation =>
      (text) =>
        text.slice(0, at(text, part)),
  ),
);

/** Texts of a corpus with a few changes each, and now and then something else altogether. */
export function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const changed = fc
    .tuple(fc.constantFrom(...texts), fc.array(mutation, { minLength: 1, maxLength: 6 }))
    .map(([text, changes]) => changes.reduce((current, change) => change(current), text));
  return fc.oneof(
    { weight: 9, arbitrary: changed },
    { weight: 1, arbitrary: fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")) },
  );
}

/** The same seed in every run, unless DS01_FUZZ_SEED names another; DS01_FUZZ_RUNS looks longer. */
export const fuzzing = {
  seed: Number(process.env["DS01_FUZZ_SEED"] ?? 8),
  numRuns: Number(process.env["DS01_FUZZ_RUNS"] ?? 150),
};
