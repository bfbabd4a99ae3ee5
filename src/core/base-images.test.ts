import { describe, expect, it } from "vitest";
import { baseImages } from "./base-images.ts";

const bases = (text: string, given: Readonly<Record<string, string>> = {}) =>
  baseImages(text, given).map(({ reference }) => reference);

describe("the images that a Dockerfile takes something from", () => {
  it.each([
    ["FROM a:1", ["a:1"]],
    ["from --platform=linux/amd64 a:1 as base\nFROM base", ["a:1"]],
    ['FROM --platform="linux amd64" a:1', ["amd64", "a:1"]],
    ["FROM a\nCOPY --from=b:1 / /", ["a", "b:1"]],
    ["FROM a\nCOPY --chown=1 --fr\"om\"='b:1' / /", ["a", "b:1"]],
    ["FROM a AS first\nFROM b\nCOPY --from=first / /\nCOPY --from=0 / /", ["a", "b"]],
    ["FROM a\nFROM 0", ["a", "0"]],
    ["FROM a\nCOPY --from=7 / /", ["a", "7"]],
    ["FROM cafe\nFROM b AS cafe", ["cafe", "b"]],
    ["FROM a\nONBUILD COPY --from=b / /", ["a", "b"]],
    ["FROM a\nRUN --mount=type=bind,from=b,target=/x true", ["a", "b"]],
    ["FROM \\\n# why\n\n  a:1", ["a:1"]],
    ["FROM a\nCOPY \\ \t\r\n --from=b / /", ["a", "b"]],
    ["# FROM x\nFROM a", ["a"]],
    ["FROM ds01-'build'/x", ["ds01-build/x"]],
    ['FROM "a:1"', ["a:1"]],
    ["FROM a\nRUN echo \\\\\nFROM b", ["a", "b"]],
    ["FROM a\nRUN <<END\nFROM x AS cafe\nEND\nFROM cafe", ["a", "x", "cafe"]],
  ])("%j: %j", (text, expected) => {
    expect(bases(text)).toEqual(expected);
  });

  it.each([
    ["ARG V=3\nFROM python:$V", {}, ["python:3"]],
    ["ARG V=3\nFROM python:${V}", { V: "4" }, ["python:4"]],
    ["ARG V\nFROM python:${V:-3}", {}, ["python:3"]],
    ["ARG V\nFROM python:3${V:+-slim}", { V: "x" }, ["python:3-slim"]],
    ['ARG A=ds01 B="$A-build"\nFROM $B/x', {}, ["ds01-build/x"]],
    ["FROM a\nARG B=x\nFROM $B", { B: "y" }, ["a", null]],
    ["ARG A=b\nFROM ${A%b}x", {}, [null]],
    ["ARG A=b\nFROM ${A:-${A}}", {}, [null]],
    ["ARG A='$B'\nFROM $A", {}, [null]],
    ["FROM a\\b", {}, [null]],
    ["# escape=`\nFROM a", {}, [null]],
    ["FROM a\nCOPY --from=$B / /", {}, ["a", null]],
  ])("%j with %j: %j", (text, given, expected) => {
    expect(bases(text, given as Record<string, string>)).toEqual(expected);
  });
});

it("only what stands after FROM is a parent", () => {
  expect(baseImages("FROM a\nCOPY --from=b / /", {})).toEqual([
    { reference: "a", isParent: true },
    { reference: "b", isParent: false },
  ]);
});
