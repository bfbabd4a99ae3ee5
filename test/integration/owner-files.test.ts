import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownerFiles } from "../../src/adapters/host/owner-files.ts";
import { WaitingError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { ControllerBed } from "../support/controller-bed.ts";

const nobody = {
  name: "nobody",
  uid: 65_534,
  gid: 65_534,
  home: "/nonexistent",
  groups: [{ gid: 65_534, name: "nogroup" }],
};
const as = { uid: 1000, gid: 1001 };
const maximumBytes = 1024 ** 2;

describe("files of an owner", () => {
  const files = ownerFiles();
  let root = "";
  let own = "";

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "ds01-owner-"));
    chmodSync(root, 0o755);
    own = join(root, "home");
    mkdirSync(own);
    chownSync(own, nobody.uid, nobody.gid);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test("are made for them, with all above, and what is there is left alone", async () => {
    const path = join(own, "a b/-c/'d'");
    await files.make(path, "Directory", nobody);
    expect(statSync(path)).toMatchObject({ uid: nobody.uid, gid: nobody.gid });
    expect(statSync(path).mode & 0o777).toBe(0o755);
    chmodSync(path, 0o700);
    await files.make(path, "Directory", nobody);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    await files.make(join(path, "file"), "File", nobody);
    expect(statSync(join(path, "file"))).toMatchObject({ uid: nobody.uid, size: 0 });
  });

  test("may be made by the right of a group beside the primary one", async () => {
    mkdirSync(join(root, "lab"));
    chownSync(join(root, "lab"), 0, 4321);
    chmodSync(join(root, "lab"), 0o2775);
    const path = join(root, "lab/project");
    await expect(files.make(path, "Directory", nobody)).rejects.toMatchObject({ reason: "HostPathNotMade" });
    const member = { ...nobody, groups: [...nobody.groups, { gid: 4321, name: null }] };
    await files.make(path, "Directory", member);
    expect(statSync(path)).toMatchObject({ uid: nobody.uid, gid: 4321 });
  });

  test("are not made where they could not make them, also not through a link of theirs", async () => {
    mkdirSync(join(root, "locked"));
    symlinkSync(join(root, "locked"), join(own, "way"));
    for (const path of [join(root, "x"), join(own, "way/x")]) {
      await expect(files.make(path, "Directory", nobody)).rejects.toMatchObject({
        reason: "HostPathNotMade",
        message: expect.stringContaining("Permission denied") as string,
      });
    }
    expect(existsSync(join(root, "locked/x"))).toBe(false);
  });

  test("are packed under another name for another owner, links as links", async () => {
    mkdirSync(join(own, "-src/deep"), { recursive: true });
    writeFileSync(join(own, "-src/deep/f"), "text\n");
    symlinkSync("../../-src/x", join(own, "-src/deep/link"));
    linkSync(join(own, "-src/deep/f"), join(own, "-src/hard"));
    const to = "/app/x,y & z\\w/src";
    const archive = await files.archive({ path: join(own, "-src"), to, as, maximumBytes }, nobody);
    const target = join(root, "unpacked");
    mkdirSync(target);
    execFileSync("tar", ["-xf", "-", "--numeric-owner", "-C", target], { input: archive });
    const copied = join(target, to);
    expect(readlinkSync(join(copied, "deep/link"))).toBe("../../-src/x");
    for (const path of [copied, join(copied, "deep/f"), join(copied, "hard")]) {
      expect(statSync(path)).toMatchObject(as);
    }
    expect(statSync(join(copied, "hard"))).toMatchObject({ nlink: 1, size: 5 });
  });

  test("are not packed when they cannot read them, or when they are too much", async () => {
    writeFileSync(join(root, "secret"), "root's\n", { mode: 0o600 });
    writeFileSync(join(own, "big"), Buffer.alloc(2 * maximumBytes));
    const packed = async (path: string) => files.archive({ path, to: "/x", as, maximumBytes }, nobody);
    await expect(packed(join(root, "secret"))).rejects.toMatchObject({ reason: "CopyFailed" });
    await expect(packed(join(own, "big"))).rejects.toMatchObject({ reason: "CopyTooLarge" });
  });

  test.each<[string, (place: string) => void]>([
    [
      "the way to them is another",
      (place) => {
        rmSync(join(place, "current"));
        symlinkSync("two", join(place, "current"));
      },
    ],
    ["they have another name", (place) => renameSync(join(place, "one"), join(place, "three"))],
    ["they are gone", (place) => rmSync(join(place, "one/src"), { recursive: true })],
  ])("are packed another time when %s by the end", async (_, change) => {
    const place = join(own, "place");
    for (const name of ["one", "two"]) {
      mkdirSync(join(place, name, "src"), { recursive: true });
      writeFileSync(join(place, name, "src/f"), name);
    }
    symlinkSync("one", join(place, "current"));
    const bin = join(root, "bin");
    mkdirSync(bin);
    const script = `#!/bin/sh\n/usr/bin/env -i PATH=/usr/bin:/bin tar "$@"\ntouch ${own}/packed\nwhile [ ! -e ${own}/go ]; do sleep 0.05; done\n`;
    writeFileSync(join(bin, "tar"), script, { mode: 0o755 });
    const held = ownerFiles({ path: `${bin}:/usr/bin:/bin` });
    const packed = async () =>
      held.archive({ path: join(place, "current/src"), to: "/x", as, maximumBytes }, nobody);
    const first = packed().catch((error: unknown) => error);
    await waitFor("what is packed", () => existsSync(join(own, "packed")));
    change(place);
    writeFileSync(join(own, "go"), "");

    const error = await first;
    expect(error).toBeInstanceOf(WaitingError);
    expect(error).toMatchObject({ reason: "CopyChanged" });
  });

  test("are touched only as the own user where ds01 is not root", async () => {
    const alone = ownerFiles({ ownUid: 4711 });
    await expect(alone.make(join(own, "x"), "Directory", nobody)).rejects.toMatchObject({
      reason: "NotRoot",
    });
    expect(existsSync(join(own, "x"))).toBe(false);
  });

  test("say what they need and the host lacks, also when there is another program of that name", () => {
    expect(files.missingPrograms()).toEqual([]);
    const bin = join(root, "bin");
    mkdirSync(bin);
    const path = `${root}/nowhere:${bin}`;
    expect(ownerFiles({ path }).missingPrograms()).toEqual([
      "tar of GNU tar (there is none)",
      "setpriv of util-linux (there is none)",
    ]);
    writeFileSync(join(bin, "busybox"), "", { mode: 0o755 });
    symlinkSync("busybox", join(bin, "tar"));
    writeFileSync(join(bin, "setpriv"), "", { mode: 0o755 });
    expect(ownerFiles({ path }).missingPrograms()).toEqual(["tar of GNU tar (there is that of busybox)"]);
    // Who is not root acts as nobody else.
    chmodSync(join(bin, "setpriv"), 0o644);
    expect(ownerFiles({ path, ownUid: 4711 }).missingPrograms().length).toBe(1);
    expect(ownerFiles({ path }).missingPrograms().length).toBe(2);
  });

  describe("are read", () => {
    test("as they are, with the rights of the owner", async () => {
      const path = join(own, "a b");
      writeFileSync(path, Buffer.from([0, 255, 10]));
      expect(await files.read(path, 3, nobody)).toEqual({
        type: "content",
        content: Buffer.from([0, 255, 10]),
      });
      chmodSync(path, 0o600);
      const { why } = (await files.read(path, 3, nobody)) as { readonly why: string };
      expect(why).toMatch(/Permission denied/);
    });

    test("only where they are regular files of that size", async () => {
      const path = join(own, "large");
      writeFileSync(path, "12345");
      expect(await files.read(path, 4, nobody)).toEqual({ type: "unreadable", why: "it holds more than 4" });
      execFileSync("mkfifo", [join(own, "pipe")]);
      for (const other of [join(own, "pipe"), own, "/dev/zero"]) {
        expect(await files.read(other, 4, nobody)).toEqual({
          type: "unreadable",
          why: "it is not a regular file",
        });
      }
      expect(await files.read(join(own, "none"), 4, nobody)).toEqual({ type: "missing" });
      chmodSync(own, 0o700);
      chownSync(own, 0, 0);
      expect(await files.read(path, 9, nobody)).toEqual({ type: "missing" });
    });
  });
});

test("ds01 doctor names the programs that the host lacks", async () => {
  const bed = new ControllerBed();
  const lines = () => bed.manager.controlPlane().health();
  expect(lines().map(({ name }) => name)).not.toContain("HostPrograms");
  bed.missingPrograms = ["setpriv of util-linux (there is none)"];
  expect(lines().find(({ name }) => name === "HostPrograms")).toMatchObject({
    ok: false,
    message: expect.stringMatching(
      /setpriv of util-linux .*spec\.copy, spec\.envFrom, spec\.secrets/,
    ) as string,
    remedy: "install util-linux and GNU tar",
    optional: true,
  });
});
