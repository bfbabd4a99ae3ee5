import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { silentLog } from "../../test/support/silent-log.ts";
import type { Caller } from "./access.ts";
import { endWithAccess } from "./end-with-access.ts";

const admin: Caller = { uid: 7, user: "carol", groups: ["carol", "ops"], admin: true, seesAll: true };
const alice: Caller = { uid: 8, user: "alice", groups: ["alice"], admin: false, seesAll: false };
const nobodyOf = (uid: number): Caller => ({ ...alice, uid, user: `uid:${uid}`, groups: [] });

/** A stream into a container of alice, and how many looks until it ended. */
function streamOf(caller: Caller) {
  const clock = new ManualClock();
  const state = { now: async (): Promise<Caller> => caller, groups: ["carol", "ops", "alice"], ended: false };
  const services = {
    clock,
    log: silentLog(),
    callerByUid: async () => state.now(),
    knowsGroup: async (group: string) => state.groups.includes(group),
  };
  // Nothing of the request itself is looked at.
  const request = {} as unknown as IncomingMessage;
  const parameters = { namespace: "alice", name: "train" };
  const context = { request, path: "", query: new URLSearchParams(), parameters, caller };
  endWithAccess(services, context, "exec", () => (state.ended = true));
  const look = async (times: number): Promise<void> => {
    for (let index = 0; index < times; index += 1) {
      clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return Object.assign(state, { look });
}

test("an account that is not found ends its stream after half an hour, as the name service may be away", async () => {
  const stream = streamOf(alice);
  stream.now = async () => nobodyOf(8);
  await stream.look(29);
  stream.now = async () => alice;
  await stream.look(1);
  stream.now = async () => nobodyOf(8);
  await stream.look(29);
  expect(stream.ended).toBe(false);
  await stream.look(1);
  expect(stream.ended).toBe(true);
});

test("a name service that gives no answer begins the half hour anew", async () => {
  const stream = streamOf(alice);
  stream.now = async () => nobodyOf(8);
  await stream.look(29);
  stream.now = async () => Promise.reject(new Error("no answer"));
  await stream.look(1);
  stream.now = async () => nobodyOf(8);
  await stream.look(29);
  expect(stream.ended).toBe(false);
});

test("an admin who is none any more loses the stream at the second look", async () => {
  const stream = streamOf(admin);
  stream.now = async () => ({ ...admin, groups: ["carol"], admin: false });
  await stream.look(1);
  expect(stream.ended).toBe(false);
  await stream.look(1);
  expect(stream.ended).toBe(true);
});

test("an admin whose group is not known either may have it still: that takes half an hour", async () => {
  const stream = streamOf(admin);
  stream.groups = ["carol"];
  stream.now = async () => ({ ...admin, groups: ["carol"], admin: false });
  await stream.look(29);
  expect(stream.ended).toBe(false);
  await stream.look(1);
  expect(stream.ended).toBe(true);
});

test("a number that is another account's now loses the stream at the second look", async () => {
  const stream = streamOf(alice);
  stream.now = async () => ({ ...alice, user: "bob", groups: ["bob"] });
  stream.groups = ["bob"];
  await stream.look(2);
  expect(stream.ended).toBe(true);
});
