import { expect, test } from "vitest";
import { parseContainer, parseOneTarget, parseTargets } from "./target.ts";

function read(...words: string[]): [string, readonly string[]][] {
  return parseTargets(words).map(({ kind, names }) => [kind.plural, names]);
}

test("reads kinds, names and KIND/NAME as kubectl does", () => {
  expect(read("containers")).toEqual([["containers", []]]);
  expect(read("ctr", "train", "notebook")).toEqual([["containers", ["train", "notebook"]]]);
  expect(read("containers,gpus")).toEqual([
    ["containers", []],
    ["gpus", []],
  ]);
  expect(read("container/train", "gpu/1:0", "container/b")).toEqual([
    ["containers", ["train", "b"]],
    ["gpus", ["1:0"]],
  ]);
  expect(parseOneTarget(["ContainerSpec", "train"])).toMatchObject({
    kind: { plural: "containers" },
    name: "train",
  });
});

test.each([
  [[], "name a kind: containers, quotas, reservations, gpus, images, presets, sources, events"],
  [["contianers"], 'unknown kind "contianers", did you mean "containers"?'],
  [["container/"], '"container/" is not KIND/NAME'],
  [["container/a", "b"], '"b" is not KIND/NAME'],
  [["containers", "gpu/0"], '"gpu/0" is KIND/NAME, but "containers" named the kind already'],
  [["containers", "bob/train"], '"bob/train" is no name: the namespace is a flag'],
  [["containers,gpus", "x"], "names need one kind"],
])("refuses %j with what to write", (words, message) => {
  expect(() => parseTargets(words)).toThrow(message);
});

test("refuses none or several where one object is meant", () => {
  expect(() => parseOneTarget(["containers"])).toThrow("name one object");
  expect(() => parseOneTarget(["container/a", "container/b"])).toThrow("name one object");
});

test("reads a container as NAME, container/NAME or NAMESPACE/NAME", () => {
  const mine = (): string => "alice";
  expect(parseContainer("train", mine)).toEqual({ namespace: "alice", name: "train" });
  expect(parseContainer("ctr/train", mine)).toEqual({ namespace: "alice", name: "train" });
  expect(parseContainer("bob/train", mine)).toEqual({ namespace: "bob", name: "train" });
  expect(() => parseContainer("gpu/0", mine)).toThrow("is no container");
  expect(() => parseContainer(undefined, mine)).toThrow("name a container");
});
