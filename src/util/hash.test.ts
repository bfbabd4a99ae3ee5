import { expect, it } from "vitest";
import { canonicalJson, sha256 } from "./hash.ts";

it("writes equal values as equal text, whatever the order of keys", () => {
  expect(canonicalJson({ b: 1, a: { d: [2, { f: 3, e: undefined }], c: null } })).toBe(
    '{"a":{"c":null,"d":[2,{"f":3}]},"b":1}',
  );
});

it("hashes as the standard says", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
