import { expect, test } from "vitest";
import type { BlockedPrune } from "../api/blocked-prune.ts";
import { seenPrunes } from "./seen-prunes.ts";

const own: BlockedPrune = { token: "1", revision: null, objects: ["alice/train"], reason: "1 of 1 objects" };
const mixed: BlockedPrune = {
  token: "2",
  revision: null,
  objects: ["alice/eval", "alicea/x", "bob/secret", "students"],
  reason: "4 of 9 objects vanished at once; nothing is removed",
};
const foreign: BlockedPrune = {
  token: "3",
  revision: null,
  objects: ["bob/other"],
  reason: "1 of 2 objects",
};
const all = [own, mixed, foreign];

test("people see the sets in which something is theirs, and how many others there are", () => {
  expect(seenPrunes({ admin: false, user: "alice" }, all)).toEqual([
    own,
    { ...mixed, objects: ["alice/eval"], others: 3 },
  ]);
  expect(seenPrunes({ admin: false, user: "carol" }, all)).toEqual([]);
});

test("admins see all of all", () => {
  expect(seenPrunes({ admin: true, user: "dora" }, all)).toBe(all);
});

test.each([
  "bob/secret wants to be confirmed (ds01.io/prune); 4 of 9 objects would be removed",
  "users/bob is gone as a whole; 4 of 9 objects would be removed",
])("a reason names nobody else: %s", (reason) => {
  const [, seen] = seenPrunes({ admin: false, user: "alice" }, [own, { ...mixed, reason }]);
  expect(seen?.reason).toBe(
    "3 objects of others are missing with yours; nothing is removed. An admin may confirm with: ds01 prune --confirm 2",
  );
});
