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
