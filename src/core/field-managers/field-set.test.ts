import { expect, it } from "vitest";
import { decodeFields, encodeFields, pathsOf } from "./field-set.ts";

function decoded(element: string): unknown {
  const set = decodeFields({ "f:spec": { [element]: {} } });
  return set === undefined ? undefined : encodeFields(set)["f:spec"];
}

it.each(["[", '{"a":'])("takes no element that is nested too deep for who walks it: %s", (opening) => {
  const closing = opening === "[" ? "]" : "}";
  for (const type of ["v:", "k:"]) {
    for (const depth of [10, 100_000]) {
      expect(decoded(`${type}${opening.repeat(depth)}1${closing.repeat(depth)}`)).toBeUndefined();
      expect(decoded(type + opening.repeat(depth))).toBeUndefined();
    }
  }
});

it.each(["k:5", "k:null", 'k:"name"', "k:[]", 'k:{"name":{}}', "k:", "v:", "x:1", "i:-1"])(
  "takes no %s, which names no item",
  (element) => {
    expect(decoded(element)).toBeUndefined();
  },
);

it("takes what names an item, however it is written and however long it is", () => {
  expect(decoded('k:{ "name": "A",  "at": 1 }')).toEqual({ 'k:{"at":1,"name":"A"}': {} });
  expect(decoded('v:{"a": [{"b": 1}]}')).toEqual({ 'v:{"a":[{"b":1}]}': {} });
  const long = `k:{"name":"${"[".repeat(10_000)}"}`;
  expect(decoded(long)).toEqual({ [long]: {} });
  expect(
    pathsOf(decodeFields({ 'k:{"name":null}': {} }) ?? { isMember: false, children: new Map() }),
  ).toEqual(["[name=null]"]);
});
