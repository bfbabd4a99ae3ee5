import { Socket } from "node:net";
import { expect, it } from "vitest";
import { MemoryIdentity } from "../../test/support/memory-identity.ts";
import { createCallerLookup } from "./caller.ts";

it("asks who somebody is at each request, and which process it is once a connection", async () => {
  const identity = new MemoryIdentity().add("alice", 1001, ["alice", "admins"]);
  let reads = 0;
  const peer = { uid: 1001, gid: 1001, pid: 7 };
  const readPeer = (): typeof peer => {
    reads += 1;
    return peer;
  };
  const callerOf = createCallerLookup(readPeer, identity, {
    users: [],
    groups: ["admins"],
    controllerUid: 0,
    visibility: "own",
  });
  const connection = new Socket();
  expect(await callerOf(connection)).toMatchObject({ user: "alice", admin: true });

  // A client may keep its connection for as long as it likes.
  identity.add("alice", 1001, ["alice"]);
  expect(await callerOf(connection)).toMatchObject({ user: "alice", admin: false });
  expect(reads).toBe(1);
});
