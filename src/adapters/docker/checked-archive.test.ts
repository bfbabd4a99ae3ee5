import { buffer } from "node:stream/consumers";
import { extract, pack, type Header } from "tar-stream";
import { describe, expect, it } from "vitest";
import { checkedArchive } from "./checked-archive.ts";

const as = { uid: 1_203_400_512, gid: 5000 };

type Member = Partial<Header> & { readonly name: string };

async function archive(...members: readonly Member[]): Promise<Buffer> {
  const packed = pack();
  for (const member of members) packed.entry(member, member.type === undefined ? "text" : "");
  packed.finalize();
  return buffer(packed);
}

async function checked(to: string, ...members: readonly Member[]): Promise<readonly Header[]> {
  const reader = extract();
  reader.end(await checkedArchive(await archive(...members), { to, as }));
  const headers: Header[] = [];
  for await (const member of reader) {
    headers.push(member.header);
    member.resume();
  }
  return headers;
}

const app: Member = { name: "app/", type: "directory" };

describe("an archive of somebody's files", () => {
  it("must keep files, directories and links, all of the container's user and without special rights", async () => {
    const headers = await checked(
      "/app",
      app,
      { name: "app/run.sh", mode: 0o4755 },
      { name: "app/link", type: "symlink", linkname: "/etc/shadow" },
    );
    expect(headers.map(({ name, type, pax }) => [name, type, pax])).toEqual([
      ["app", "directory", expect.objectContaining({ uid: "1203400512", gid: "5000" })],
      ["app/run.sh", "file", expect.objectContaining({ uid: "1203400512", gid: "5000" })],
      ["app/link", "symlink", expect.objectContaining({ uid: "1203400512", gid: "5000" })],
    ]);
    expect(headers[1]?.mode).toBe(0o755);
  });

  it("may be one file", async () => {
    expect((await checked("/app/train.py", { name: "app/train.py" })).map(({ size }) => size)).toEqual([4]);
  });

  it.each([
    ["another place", [{ name: "etc/passwd" }]],
    ["a place above", [app, { name: "app/../etc/passwd" }]],
    ["a name that only begins like it", [{ name: "apple" }]],
    [
      "a way through a link of its own",
      [app, { name: "app/x", type: "symlink", linkname: "/data" }, { name: "app/x/y" }],
    ],
    [
      "a way through what was a directory",
      [
        app,
        { name: "app/x/", type: "directory" },
        { name: "app/x", type: "symlink", linkname: "/data" },
        { name: "app/x/y" },
      ],
    ],
    ["a directory that it does not bring", [app, { name: "app/x/y" }]],
    ["a device", [app, { name: "app/sda", type: "block-device" }]],
    ["a hard link", [app, { name: "app/hard", type: "link", linkname: "etc/shadow" }]],
  ] as const)("must be refused for %s", async (_what, members) => {
    await expect(checked("/app", ...(members as readonly Member[]))).rejects.toMatchObject({
      reason: "CopyFailed",
    });
  });

  it("must be refused when it is none", async () => {
    await expect(checkedArchive(Buffer.alloc(1024, 1), { to: "/app", as })).rejects.toMatchObject({
      reason: "CopyFailed",
    });
  });
});
