import { expect, test } from "vitest";
import { record, spec } from "../../test/support/world-builder.ts";
import { deletedObject, recalled, standing, tombstoneOf, tombstonesMax, withTombstone } from "./tombstone.ts";
import type { Tombstone } from "./tombstone.ts";

const hour = 3_600_000;
const train = (name = "train", deletedAt = 0): Tombstone => ({
  kind: "ContainerSpec",
  namespace: "alice",
  name,
  path: `users/alice/${name}.yaml`,
  labels: {},
  annotations: { a: "b" },
  spec: { image: "busybox" },
  deletedAt,
  cause: "its file is gone",
});

test("what a file declared is kept, and nothing that no file did", () => {
  const whole = record({ spec: spec({}) });
  expect(tombstoneOf(whole, "its file is gone", 5)).toMatchObject({
    kind: "ContainerSpec",
    namespace: whole.namespace,
    name: whole.name,
    path: whole.source.path,
    spec: whole.spec,
    deletedAt: 5,
  });
  expect(tombstoneOf({ ...whole, spec: null }, "x", 5)).toBeNull();
  const element = { of: "sweep", index: 0, replicas: 2 };
  expect(tombstoneOf({ ...whole, source: { ...whole.source, element } }, "x", 5)).toBeNull();
});

test("the last deletion of an object counts, for a day", () => {
  const first = withTombstone([], train("train", 0), 0);
  const second = withTombstone(first, train("train", hour), hour);
  expect(second).toEqual([train("train", hour)]);
  expect(standing(second, 25 * hour - 1)).toHaveLength(1);
  expect(standing(second, 25 * hour)).toEqual([]);
  expect(withTombstone(second, train("other", 26 * hour), 26 * hour)).toEqual([train("other", 26 * hour)]);
});

test("no more are kept than can be", () => {
  let all: readonly Tombstone[] = [];
  for (let index = 0; index < tombstonesMax + 3; index += 1)
    all = withTombstone(all, { ...train(`t${index}`, index), namespace: `user-${index % 20}` }, index);
  expect(all).toHaveLength(tombstonesMax);
  expect(all[0]?.name).toBe(`t${tombstonesMax + 2}`);
});

test("who deletes much, or much text, takes the place of nobody else's", () => {
  const others = withTombstone([], { ...train(), namespace: "bob" }, 0);
  let many = others;
  for (let index = 1; index <= 1100; index += 1) many = withTombstone(many, train(`t${index}`, index), index);
  expect(many.at(-1)?.namespace).toBe("bob");
  expect(many.slice(0, 2).map(({ name }) => name)).toEqual(["t1100", "t1099"]);
  expect(many.length).toBeLessThan(200);

  let large = others;
  const text = "x".repeat(250_000);
  for (let index = 1; index <= 50; index += 1)
    large = withTombstone(large, { ...train(`t${index}`, index), spec: { image: text } }, index);
  expect(large.map(({ name }) => name)).toEqual(["t50", "t49", "t48", "t47", "train"]);
  const huge = { ...train("huge", 51), spec: { image: "x".repeat(2_000_000) } };
  expect(withTombstone(large, huge, 51).map(({ name }) => name)).toEqual(["huge", "train"]);
});

test("it is told as the document that declares it again", () => {
  expect(deletedObject(train())).toEqual({
    kind: "ContainerSpec",
    namespace: "alice",
    name: "train",
    path: "users/alice/train.yaml",
    deletedAt: "1970-01-01T00:00:00Z",
    until: "1970-01-02T00:00:00Z",
    cause: "its file is gone",
    document: {
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      metadata: { name: "train", namespace: "alice", annotations: { a: "b" } },
      spec: { image: "busybox" },
    },
  });
});

test("the devices that it held are known to a new object of its name, and to no other", () => {
  const whole = record({ spec: spec({}) });
  const held = { ...whole, memory: { ...whole.memory, lastGpus: ["GPU-1"] } };
  const noted = tombstoneOf(held, "x", 0);
  expect(noted?.gpus).toEqual(["GPU-1"]);
  expect(tombstoneOf(whole, "x", 0)).not.toHaveProperty("gpus");

  const all = noted === null ? [] : [noted];
  const fresh = { ...whole, uid: "another" };
  const back = recalled(fresh, all);
  expect(back).toMatchObject({ uid: "another", memory: { formerGpus: ["GPU-1"], lastGpus: [] } });
  expect(recalled({ ...fresh, name: "other" }, all)).not.toHaveProperty("memory.formerGpus");
  // Removed again before it got any.
  expect(tombstoneOf(back, "x", 0)?.gpus).toEqual(["GPU-1"]);
  expect(deletedObject(noted as Tombstone)).not.toHaveProperty("gpus");
});
