import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StatusError } from "./failure.ts";
import { applyJsonPatch } from "./json-patch.ts";

const value = { spec: { image: "a", args: ["x", "y"], "a/b": 1, "m~n": 2 }, empty: {} };

describe("applyJsonPatch", () => {
  it.each([
    ["add a member", [{ op: "add", path: "/spec/user", value: "root" }], { user: "root" }],
    ["add replaces a member", [{ op: "add", path: "/spec/image", value: "b" }], { image: "b" }],
    ["add inside a list", [{ op: "add", path: "/spec/args/1", value: "n" }], { args: ["x", "n", "y"] }],
    [
      "add at the end of a list",
      [{ op: "add", path: "/spec/args/-", value: "n" }],
      { args: ["x", "y", "n"] },
    ],
    ["replace", [{ op: "replace", path: "/spec/args/0", value: null }], { args: [null, "y"] }],
    ["remove", [{ op: "remove", path: "/spec/args/0" }], { args: ["y"] }],
    ["copy", [{ op: "copy", from: "/spec/args", path: "/spec/command" }], { command: ["x", "y"] }],
    ["escapes", [{ op: "replace", path: "/spec/a~1b", value: 3 }], { "a/b": 3 }],
    ["escapes of ~", [{ op: "replace", path: "/spec/m~0n", value: 3 }], { "m~n": 3 }],
    [
      "test, then change",
      [
        { op: "test", path: "/spec/image", value: "a" },
        { op: "add", path: "/spec/n", value: 1 },
      ],
      { n: 1 },
    ],
  ])("%s", (_, patch, changed) => {
    expect(applyJsonPatch(value, patch)).toEqual({ ...value, spec: { ...value.spec, ...changed } });
  });

  it("moves, and replaces the whole", () => {
    const { args, ...rest } = value.spec;
    const moved = applyJsonPatch(value, [{ op: "move", from: "/spec/args", path: "/spec/command" }]);
    expect(moved).toEqual({ ...value, spec: { ...rest, command: args } });
    expect(applyJsonPatch(value, [{ op: "replace", path: "", value: 1 }])).toBe(1);
    expect(applyJsonPatch(value, [])).toBe(value);
  });

  it.each([
    ["no list", {}],
    ["no operation", [1]],
    ["an unknown operation", [{ op: "merge", path: "/spec" }]],
    ["no path", [{ op: "remove" }]],
    ["a path without slash", [{ op: "remove", path: "spec" }]],
    ["no value", [{ op: "add", path: "/spec/n" }]],
    ["nothing to remove", [{ op: "remove", path: "/spec/none" }]],
    ["nothing to replace", [{ op: "replace", path: "/none", value: 1 }]],
    ["beyond the list", [{ op: "add", path: "/spec/args/3", value: 1 }]],
    ["an index that is none", [{ op: "replace", path: "/spec/args/01", value: 1 }]],
    ["inherited members", [{ op: "replace", path: "/constructor", value: 1 }]],
    ["into itself", [{ op: "move", from: "/spec", path: "/spec/inner" }]],
    ["a test that fails", [{ op: "test", path: "/spec/image", value: "b" }]],
    ["too many", Array.from({ length: 1001 }, () => ({ op: "test", path: "", value }))],
    [
      "what doubles",
      Array.from({ length: 40 }, () => ({ op: "copy", from: "/spec/args", path: "/spec/args/-" })),
    ],
  ])("refuses %s", (_, patch) => {
    expect(() => applyJsonPatch(value, patch)).toThrow(StatusError);
    expect(value.spec.args).toEqual(["x", "y"]);
  });

  it("refuses what would copy a large map or list again and again", () => {
    const map = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index]));
    const list = Array.from({ length: 10_000 }, (_, index) => index);
    for (const [whole, step] of [
      [map, "x"],
      [list, "-"],
    ] as const) {
      const add = { op: "add", path: `/whole/${step}`, value: 1 };
      const patch = [{ op: "add", path: "/whole", value: whole }, ...Array.from({ length: 500 }, () => add)];
      expect(() => applyJsonPatch({}, patch)).toThrow(/changes too much/);
      expect(() => applyJsonPatch({}, patch.slice(0, 6))).not.toThrow();
    }
    const small = Array.from({ length: 1000 }, () => ({ op: "add", path: "/spec/args/-", value: "z" }));
    expect(() => applyJsonPatch({ spec: { args: [] } }, small)).toThrow(/changes too much/);
    expect(() => applyJsonPatch({ spec: { args: [] } }, small.slice(0, 500))).not.toThrow();
  });

  it("names members as it is told, also __proto__, and changes no other object", () => {
    const patched = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { admin: true } }]);
    expect(Object.keys(patched as object)).toEqual(["__proto__"]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it("never throws anything else", () => {
    const path = fc.oneof(
      fc.string(),
      fc.constantFrom("", "/spec", "/spec/args/-", "/spec/args/0", "/-", "//"),
    );
    const operation = fc.record(
      {
        op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
        path,
        from: path,
        value: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (patch) => {
        try {
          applyJsonPatch(value, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });
});
