import { expect, test } from "vitest";
import { seenBy } from "./visibility.ts";

const caller = (user: string) => ({ uid: 1001, user, groups: [], admin: false });

const object = {
  apiVersion: "ds01.io/v1alpha1",
  kind: "ContainerSpec",
  metadata: { namespace: "alice", name: "train" },
  spec: { build: { context: "app", args: { TOKEN: "s3cret" } } },
};

test("values of build arguments are for whoever may write the spec", () => {
  expect(seenBy(caller("alice"), object as never)).toEqual(object);
  expect(seenBy(caller("bob"), object as never)).toEqual({
    ...object,
    spec: { build: { context: "app", args: { TOKEN: "(hidden)" } } },
  });
});
