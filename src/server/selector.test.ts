import { describe, expect, test } from "vitest";
import type { ApiObject } from "../api/meta.ts";
import { selectorOf } from "./selector.ts";

const labelled = (labels: Record<string, string>): ApiObject =>
  ({ metadata: { name: "a", labels } }) as unknown as ApiObject;
const select = (labelSelector: string, labels: Record<string, string>): boolean =>
  selectorOf(new URLSearchParams({ labelSelector }))(labelled(labels));

describe("a label selector", () => {
  test.each([
    ["a=1,b in (2,3),c", { a: "1", b: "3", c: "" }, true],
    ["b in (2,3),a=1", { a: "1", b: "4" }, false],
    ["b notin (2, 3) , !d", { b: "4" }, true],
    ["a=1,,b=2,", { a: "1", b: "2" }, true],
    ["", {}, true],
  ])("%s of %j", (text, labels, expected) => {
    expect(select(text, labels)).toBe(expected);
  });

  test.each(["a in (1,2", "a in 1,2)", "a in ((1),b)", "(", ")", "a=1,(,b", "a in (1)(2)"])(
    "%s is refused",
    (text) => {
      expect(() => select(text, {})).toThrow("unable to parse label selector");
    },
  );

  test("is read in a time that grows as its text does", () => {
    const begun = performance.now();
    expect(select(`${",".repeat(100_000)}a=1`, { a: "1" })).toBe(true);
    for (const piece of ["(", "(,", "),", "a=("])
      expect(() => select(piece.repeat(100_000), {})).toThrow("unable to parse label selector");
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
