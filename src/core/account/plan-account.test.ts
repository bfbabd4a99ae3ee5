import { describe, expect, it } from "vitest";
import { planAccount, type AccountFacts } from "./plan-account.ts";
import type { OwnerAccount } from "./owner-account.ts";

const alice: OwnerAccount = { name: "alice", uid: 5001, gid: 5000, home: "/home/alice", groups: [] };

const plain: AccountFacts = {
  etc: "directory",
  passwd: "root:x:0:0::/root:/bin/sh\n",
  group: "root:x:0:\n",
  hasBash: false,
  homePath: [
    { path: "/home", kind: "directory" },
    { path: "/home/alice", kind: null },
  ],
  readOnly: false,
  mounts: ["/data"],
};

const paths = (facts: Partial<AccountFacts>): string[] =>
  planAccount(alice, { ...plain, ...facts }).writes.map(({ path }) => path);
const missing = (facts: Partial<AccountFacts>): string | null =>
  planAccount(alice, { ...plain, ...facts }).missing;

describe("what is written before the first start of a container that runs as its owner", () => {
  it("must be the names and a HOME that belongs to the owner alone", () => {
    const { writes, missing: why } = planAccount(alice, plain);
    expect(why).toBeNull();
    expect(writes.map(({ path, mode, uid, gid }) => [path, mode.toString(8), uid, gid])).toEqual([
      ["/etc/passwd", "644", 0, 0],
      ["/etc/group", "644", 0, 0],
      ["/home/alice", "700", 5001, 5000],
    ]);
  });

  it("must make folders that an image without anything lacks, the upper ones root's", () => {
    const homePath = [
      { path: "/home", kind: null },
      { path: "/home/alice", kind: null },
    ];
    const empty = { etc: null, passwd: null, group: null, homePath };
    expect(paths(empty)).toEqual(["/etc", "/etc/passwd", "/etc/group", "/home", "/home/alice"]);
  });

  it("must leave files alone whose numbers have names", () => {
    const passwd = "node:x:5001:5000::/home/node:/bin/sh\n";
    expect(paths({ passwd, group: "node:x:5000:\n" })).toEqual(["/home/alice"]);
  });

  it.each([
    [{ etc: "other" }, "/etc of the image is no plain folder"],
    [{ passwd: undefined }, "/etc/passwd of the image is no plain file"],
    [{ group: undefined }, "/etc/group of the image is no plain file"],
    [{ mounts: ["/etc"] }, "a mount covers /etc/passwd"],
    [{ mounts: ["/etc/group"] }, "a mount covers /etc/group"],
    [{ mounts: ["/"] }, "a mount covers /etc/passwd"],
    [{ homePath: [{ path: "/home", kind: "other" }] }, "/home of the image is no plain folder"],
  ] as const)("must never go through a link or a mount: %j", (facts, why) => {
    expect(missing(facts)).toBe(why);
    const touched = paths(facts);
    const part = "homePath" in facts ? "/home" : "/etc";
    expect(touched.filter((path) => path.startsWith(part))).toEqual([]);
  });

  it("must write nothing into a read-only root, and say so only where something lacks", () => {
    expect(paths({ readOnly: true })).toEqual([]);
    expect(missing({ readOnly: true })).toMatch(/^its root file system is read-only/);
    const complete = {
      readOnly: true,
      passwd: "node:x:5001:5000::/:/bin/sh\n",
      group: "node:x:5000:\n",
      mounts: ["/home/alice"],
    };
    expect(missing(complete)).toBeNull();
    expect(paths(complete)).toEqual([]);
  });

  it("must leave a HOME that is mounted as it is, and own one that only has mounts in it", () => {
    expect(paths({ mounts: ["/home/alice"] })).not.toContain("/home/alice");
    expect(paths({ mounts: ["/home"] })).not.toContain("/home/alice");
    const homePath = [
      { path: "/home", kind: "directory" },
      { path: "/home/alice", kind: "directory" },
    ] as const;
    expect(paths({ mounts: ["/home/alice/data", "/home/alice2"], homePath })).toContain("/home/alice");
  });
});
