import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { packDirectory } from "./pack.ts";
import { readTar } from "./read-tar.ts";
import { encodeHeader, paddingAfter } from "./tar-header.ts";
import type { TarEntry } from "./tar-header.ts";
import { unpackBelow } from "./unpack.ts";

const end = Buffer.alloc(1024);

function entry(path: string, fields: Partial<TarEntry> = {}, content = ""): Buffer {
  const header = encodeHeader({
    path,
    type: "file",
    sizeBytes: Buffer.byteLength(content),
    mode: 0o644,
    modifiedAt: 1_700_000_000,
    linkTarget: "",
    ...fields,
  });
  return Buffer.concat([
    header,
    Buffer.from(content),
    Buffer.alloc(paddingAfter(Buffer.byteLength(content))),
  ]);
}

async function* inPieces(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function gather(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Unpacks into a directory beside one that nothing may be written to; what was left out. */
async function unpack(
  ...entries: readonly Buffer[]
): Promise<{ readonly target: string; readonly left: string[] }> {
  const target = join(temporaryDirectory(), "target");
  mkdirSync(target);
  const left: string[] = [];
  await unpackBelow(target, inPieces(Buffer.concat([...entries, end])), (path) => left.push(path));
  return { target, left };
}

const longName = `deep/${"x".repeat(90)}/${"é".repeat(60)}.txt`;

describe("an archive that ds01 packs", () => {
  it("comes back the same, and as tar reads it", async () => {
    const directory = temporaryDirectory();
    const source = join(directory, "source");
    mkdirSync(join(source, "deep", "x".repeat(90)), { recursive: true });
    mkdirSync(join(source, "empty"));
    writeFileSync(join(source, longName), "long");
    writeFileSync(join(source, "big"), Buffer.alloc(700_000, "0123456789"));
    writeFileSync(join(source, "run.sh"), "#!/bin/sh\n");
    chmodSync(join(source, "run.sh"), 0o4755);
    symlinkSync("big", join(source, "link"));
    execFileSync("mkfifo", [join(source, "pipe")]);
    const skipped: string[] = [];
    const archive = await gather(packDirectory(source, "data", (path) => skipped.push(path)));
    expect(skipped).toEqual([join(source, "pipe")]);

    const bySystem = join(directory, "system");
    mkdirSync(bySystem);
    execFileSync("tar", ["-xf", "-", "-C", bySystem], { input: archive });
    const { target, left } = await unpack(archive);
    expect(left).toEqual([]);
    for (const root of [bySystem, target]) {
      const at = (name: string): string => join(root, "data", name);
      expect(readFileSync(at(longName), "utf8")).toBe("long");
      expect(readFileSync(at("big")).equals(readFileSync(join(source, "big")))).toBe(true);
      expect(lstatSync(at("run.sh")).mode & 0o7777).toBe(0o755);
      expect(readlinkSync(at("link"))).toBe("big");
      expect(lstatSync(at("empty")).isDirectory()).toBe(true);
    }
  });

  it("is read whatever pieces it comes in, GNU's and POSIX' long names too", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "deep", "x".repeat(90)), { recursive: true });
    writeFileSync(join(directory, longName), "long");
    for (const format of ["gnu", "posix"]) {
      const archive = execFileSync("tar", [`--format=${format}`, "-cf", "-", "-C", directory, "."]);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (size) => {
          const found: string[] = [];
          for await (const { path, content } of readTar(inPieces(archive, size))) {
            found.push(`${path}:${(await gather(content)).toString()}`);
          }
          expect(found).toContain(`./${longName}:long`);
        }),
        { numRuns: 20 },
      );
    }
  });
});

describe("an archive that means harm", () => {
  it.each(["../evil", "/tmp/evil", "a/../../evil", "a/b/../../../evil"])(
    "cannot write to %s",
    async (path) => {
      await expect(unpack(entry(path, {}, "x"))).rejects.toMatchObject({ reason: "UnsafeArchive" });
    },
  );

  it("cannot write through links, neither its own nor those that are there", async () => {
    const outside = temporaryDirectory();
    const own = await unpack(
      entry("door", { type: "symlink", linkTarget: outside }),
      entry("door/evil", {}, "x"),
    ).catch((error: unknown) => error);
    expect(existsSync(join(outside, "evil"))).toBe(false);
    // The link was left out, and a directory of its name was made inside.
    expect(own).toMatchObject({ left: ["door"] });

    const target = temporaryDirectory();
    symlinkSync(outside, join(target, "door"));
    writeFileSync(join(outside, "file"), "kept");
    symlinkSync(join(outside, "file"), join(target, "file"));
    const into = async (archive: Buffer): Promise<void> =>
      unpackBelow(target, inPieces(Buffer.concat([archive, end])), () => undefined);
    const refused = { reason: "UnsafeArchive" };
    await expect(into(entry("door/evil", {}, "x"))).rejects.toMatchObject(refused);
    await expect(into(entry("file", {}, "x"))).rejects.toMatchObject(refused);
    await expect(into(entry("door", { type: "directory" }))).rejects.toMatchObject(refused);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("kept");
    expect(existsSync(join(outside, "evil"))).toBe(false);
  });

  it("gets no link that leads outside, by whatever detour", async () => {
    const link = (path: string, linkTarget: string): Buffer => entry(path, { type: "symlink", linkTarget });
    const { target, left } = await unpack(
      entry("a/b/file", {}, "x"),
      link("good", "a/b/file"),
      link("a/b/up", "../../good"),
      link("absolute", "/etc/passwd"),
      link("above", "../secret"),
      link("a/b/above", "../../../secret"),
      link("a/root", ".."),
      link("detour", "a/root/../../secret"),
    );
    expect(left).toEqual(["absolute", "above", "a/b/above", "detour"]);
    expect(readFileSync(join(target, "a/b/up"), "utf8")).toBe("x");
  });

  it("gets no second name of a file elsewhere, no device and no setuid program", async () => {
    const hard = (linkTarget: string): Buffer => entry("copy", { type: "hardlink", linkTarget });
    await expect(unpack(hard("/etc/passwd"))).rejects.toMatchObject({ reason: "UnsafeArchive" });
    await expect(unpack(hard("../x"))).rejects.toMatchObject({ reason: "UnsafeArchive" });
    const same = await unpack(entry("file", { mode: 0o4755 }, "x"), hard("file"));
    expect(readFileSync(join(same.target, "copy"), "utf8")).toBe("x");
    expect(lstatSync(join(same.target, "copy")).ino).not.toBe(lstatSync(join(same.target, "file")).ino);
    expect(lstatSync(join(same.target, "file")).mode & 0o7000).toBe(0);
    const device = entry("disk");
    device.write("4", 156);
    device.write("        ", 148);
    const sum = device.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    device.write(`${sum.toString(8).padStart(6, "0")}\0`, 148);
    expect(await unpack(device)).toMatchObject({ left: ["disk"] });
  });

  it("is refused when it is none, or breaks off", async () => {
    await expect(unpack(Buffer.alloc(512, "x"))).rejects.toMatchObject({ reason: "BrokenArchive" });
    const target = temporaryDirectory();
    const cut = entry("file", {}, "x".repeat(2000)).subarray(0, 1500);
    await expect(unpackBelow(target, inPieces(cut), () => undefined)).rejects.toMatchObject({
      reason: "BrokenArchive",
    });
  });
});
