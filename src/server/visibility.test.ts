import { expect, test } from "vitest";
import { seenBy, seenWaiting } from "./visibility.ts";

const caller = (user: string, seesAll: boolean) => ({ uid: 1001, user, groups: [], admin: false, seesAll });

const object = {
  apiVersion: "ds01.io/v1alpha1",
  kind: "ContainerSpec",
  metadata: { namespace: "alice", name: "train" },
  spec: { build: { context: "app", args: { TOKEN: "s3cret" } } },
};

test("values of build arguments are for whoever may write the spec", () => {
  expect(seenBy(caller("alice", false), object as never)).toEqual(object);
  expect(seenBy(caller("bob", true), object as never)).toEqual({
    ...object,
    spec: { build: { context: "app", args: { TOKEN: "(hidden)" } } },
  });
});

test("what belongs to others does not exist for those who keep to themselves", () => {
  for (const kind of ["ContainerSpec", "Pod", "Event"]) {
    expect(seenBy(caller("bob", false), { ...object, kind } as never), kind).toBeUndefined();
    expect(seenBy(caller("alice", false), { ...object, kind } as never), kind).toEqual({ ...object, kind });
  }
});

test("of others who wait nothing is told but whose it is, what it needs and its place", () => {
  const gpus = { count: 2 };
  const queue = { position: 1, of: 3 };
  const waiting = {
    ...object,
    metadata: { ...object.metadata, uid: "u", labels: { secret: "project" }, annotations: { note: "mine" } },
    spec: { ...object.spec, image: "busybox", gpus },
    status: { phase: "Pending", reason: "WaitingForDevices", message: "of mine", queue, conditions: [] },
  };
  expect(seenWaiting(caller("alice", false), waiting as never)).toEqual(waiting);
  expect(seenWaiting(caller("bob", false), waiting as never)).toEqual({
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { namespace: "alice", name: "train", uid: "u" },
    spec: { gpus },
    status: { phase: "Pending", reason: "WaitingForDevices", queue },
  });
});

const image = {
  apiVersion: "ds01.io/v1alpha1",
  kind: "Image",
  metadata: { name: "aaaaaaaa" },
  spec: {
    id: "sha256:aaaaaaaa",
    names: ["ds01-build/carol/secret:1", "lab/base:1", "bobs/paper:1", "busybox:1"],
    sizeBytes: 1,
  },
  status: {
    origin: "Built",
    builtFor: { namespace: "carol", name: "secret" },
    aliases: [
      { name: "lab/base:1", users: ["alice", "bob"] },
      { name: "bobs/paper:1", users: ["bob"] },
    ],
    usedBy: [
      { type: "Spec", namespace: "alice", name: "train" },
      { type: "Container", namespace: "bob", name: "unpublished" },
      { type: "Container", name: "by-hand" },
    ],
    prunable: false,
    keptBecause: "alice/train, bob/unpublished and container by-hand use it",
  },
};

test("an image says of others' use that there is some, and no more", () => {
  expect(seenBy(caller("alice", false), image as never)).toEqual({
    ...image,
    spec: { ...image.spec, names: ["lab/base:1", "busybox:1"] },
    status: {
      origin: "Built",
      aliases: [{ name: "lab/base:1", users: ["alice"] }],
      usedBy: [{ type: "Spec", namespace: "alice", name: "train" }],
      prunable: false,
      keptBecause: "alice/train uses it, and so do others",
    },
  });
  const carols = seenBy(caller("carol", false), image as never);
  expect(carols?.spec).toMatchObject({ names: ["ds01-build/carol/secret:1", "busybox:1"] });
  expect(carols?.status).toEqual({
    origin: "Built",
    builtFor: { namespace: "carol", name: "secret" },
    usedBy: [],
    prunable: false,
    keptBecause: "others use it",
  });
});

test.each(["it is called bobs/paper:1 as well", "carol/secret is being built"])(
  "why an image is kept names nobody else: %s",
  (keptBecause) => {
    const kept = {
      ...image,
      status: { ...image.status, usedBy: image.status.usedBy.slice(0, 1), keptBecause },
    };
    expect(seenBy(caller("alice", false), kept as never)?.status).toMatchObject({
      keptBecause: "others keep it",
    });
  },
);

test("an image is shown whole to admins, and where all see all, and not to whom it does not concern", () => {
  expect(seenBy({ ...caller("dora", false), admin: true }, image as never)).toBe(image);
  expect(seenBy(caller("alice", true), image as never)).toBe(image);
  expect(seenBy(caller("dora", false), image as never)).toBeUndefined();
  expect(seenBy(caller("dora", true), image as never)).toBeUndefined();
});
