import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryOf, withAccount } from "./account-entries.ts";
import { homeDirectory, supplementaryGroups, type OwnerAccount } from "./owner-account.ts";

const alice: OwnerAccount = {
  name: "alice",
  uid: 5001,
  gid: 5000,
  home: "/home/alice",
  groups: [
    { gid: 5000, name: "students" },
    { gid: 27, name: "sudo" },
    { gid: 7000, name: "vision lab" },
    { gid: 7001, name: null },
  ],
};

const image = {
  passwd: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/sbin/nologin\n",
  group: "root:x:0:\nsudo:x:27:\n",
};

describe("the owner's lines in /etc/passwd and /etc/group", () => {
  it("must give the uid and every gid of a person a name", () => {
    const { passwd, group } = withAccount(image, alice, "/bin/bash");
    expect(passwd).toBe(`${image.passwd}alice:x:5001:5000::/home/alice:/bin/bash\n`);
    expect(group).toBe(`${image.group}students:x:5000:\nvision lab:x:7000:alice\ngid-7001:x:7001:alice\n`);
  });

  it("must leave a uid and a gid that have a name as they are", () => {
    const files = { passwd: "node:x:5001:5001::/home/node:/bin/sh", group: "node:x:5000:\n" };
    const { passwd, group } = withAccount(files, { ...alice, groups: [] }, "/bin/sh");
    expect({ passwd, group }).toEqual(files);
  });

  it("must not take over a name that is another number's in the image", () => {
    const files = { passwd: "alice:x:1000:1000::/home/alice:/bin/sh\n", group: "students:x:1000:\n" };
    const { passwd, group } = withAccount(files, alice, "/bin/sh");
    expect(passwd).toContain("\nalice-5001:x:5001:5000:");
    expect(group).toContain("\nstudents-5000:x:5000:\n");
  });

  it("must begin on a line of its own, and do without any file", () => {
    expect(withAccount({ passwd: "root:x:0:0::/:/bin/sh", group: "" }, alice, "/bin/sh").passwd).toMatch(
      /^root:x:0:0::\/:\/bin\/sh\nalice:x:5001:/,
    );
    expect(withAccount({ passwd: "", group: "" }, alice, "/bin/sh").passwd).toMatch(/^alice:x:5001:/);
  });

  it("must call a group without a name like its user", () => {
    const { group } = withAccount({ passwd: "", group: "" }, { ...alice, groups: [] }, "/bin/sh");
    expect(group).toBe("alice:x:5000:\n");
  });

  it("must keep each line of the image, name each number once, and be done after once, whatever the image has", () => {
    const number = fc.nat({ max: 12 });
    const name = fc.constantFrom("alice", "root", "a", "b", "x-5");
    const line = fc.oneof(
      fc.tuple(name, number).map(([one, of]) => `${one}:x:${of}:0::/:/bin/sh`),
      fc.constantFrom("", "# a comment", "+::::::", "broken", "b:x:", ":x:5:"),
    );
    const text = fc
      .tuple(fc.array(line), fc.boolean())
      .map(([lines, end]) => lines.join("\n") + (end ? "\n" : ""));
    const account = fc.record({
      name,
      uid: number,
      gid: number,
      home: fc.constant("/home/a"),
      groups: fc.array(fc.record({ gid: fc.nat({ max: 2000 }), name: fc.option(name) })),
    });
    fc.assert(
      fc.property(fc.record({ passwd: text, group: text }), account, (files, owner) => {
        const after = withAccount(files, owner, "/bin/sh");
        expect(after.passwd.startsWith(files.passwd)).toBe(true);
        expect(after.group.startsWith(files.group)).toBe(true);
        for (const gid of [owner.gid, ...supplementaryGroups(owner).map((group) => group.gid)])
          expect(entryOf(after.group, gid)).toBeDefined();
        expect(entryOf(after.passwd, owner.uid)).toEqual(
          entryOf(files.passwd, owner.uid) ?? entryOf(after.passwd, owner.uid),
        );
        expect(entryOf(after.passwd, owner.uid)).toBeDefined();
        expect(withAccount(after, owner, "/bin/sh")).toEqual(after);
      }),
    );
  });
});

describe("supplementary groups", () => {
  it("must be those of people, in order and once", () => {
    const groups = [7001, 0, 999, 1000, 65_534, 7001, 5000].map((gid) => ({ gid, name: null }));
    expect(supplementaryGroups({ gid: 5000, groups }).map(({ gid }) => gid)).toEqual([1000, 7001]);
  });
});

describe("HOME", () => {
  it.each([
    ["/home/alice", "/home/alice"],
    ["/home/example.org/h.baker", "/home/example.org/h.baker"],
    ["/srv/homes/alice/", "/srv/homes/alice"],
    ["/", "/home/alice"],
    ["/root", "/home/alice"],
    ["/nonexistent", "/home/alice"],
    ["/home", "/home/alice"],
    ["/scratch/", "/home/alice"],
    ["/var/lib/postgres", "/home/alice"],
    ["", "/home/alice"],
    ["relative", "/home/alice"],
    ["/home/../etc", "/home/alice"],
    ["/home//alice", "/home/alice"],
  ])("must be, with %s on the host, %s", (home, expected) => {
    expect(homeDirectory({ name: "alice", home })).toBe(expected);
  });
});
