import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { specWriter } from "../../src/adapters/spec/writer.ts";
import type { SpecWriter } from "../../src/ports/spec-writer.ts";
import { MemoryIdentity } from "../support/memory-identity.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const alice = 61001;

function writerFor(root: string): SpecWriter {
  return specWriter({
    source: "specs",
    root,
    identity: new MemoryIdentity().add("alice", alice).add("root", 0),
  });
}

function tree(): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, "users"));
  return root;
}

test("writes a file that belongs to its user, with the directories on the way", async () => {
  const root = tree();
  const writer = writerFor(root);
  await writer.write("users/alice/deep/train.yaml", "a: 1\n", "alice");
  await writer.write("quotas/students.yaml", "b: 1\n", "root");
  expect(readFileSync(join(root, "users/alice/deep/train.yaml"), "utf8")).toBe("a: 1\n");
  expect(await writer.read("users/alice/deep/train.yaml")).toBe("a: 1\n");
  for (const path of ["users/alice", "users/alice/deep", "users/alice/deep/train.yaml"])
    expect(statSync(join(root, path)).uid).toBe(alice);
  expect(statSync(join(root, "users")).uid).toBe(0);
  expect(statSync(join(root, "users/alice/deep/train.yaml")).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(root, "users/alice/deep"))).toEqual(["train.yaml"]);
});

test("takes writes at the same time into directories that none of them found", async () => {
  // How the writes meet is up to the system: many trees, so that they meet in every way.
  for (let round = 0; round < 25; round += 1) {
    const root = tree();
    const writer = writerFor(root);
    const names = Array.from({ length: 20 }, (_, count) => `users/alice/deep/n${count}.yaml`);
    await Promise.all(names.map(async (name) => writer.write(name, name, "alice")));
    expect(readdirSync(join(root, "users/alice/deep"))).toHaveLength(20);
    for (const made of ["users/alice", "users/alice/deep"])
      expect(statSync(join(root, made)).uid).toBe(alice);
  }
});

test("keeps the mode of the file it replaces, but for write access of others", async () => {
  const root = tree();
  const writer = writerFor(root);
  await writer.write("users/alice/train.yaml", "a: 1", "alice");
  chmodSync(join(root, "users/alice/train.yaml"), 0o666);
  await writer.write("users/alice/train.yaml", "a: 2", "alice");
  expect(statSync(join(root, "users/alice/train.yaml")).mode & 0o777).toBe(0o644);
});

test("leaves the file of a user that the system does not know to root", async () => {
  const root = tree();
  await writerFor(root).write("users/nobody-knows/train.yaml", "a: 1", "nobody-knows");
  expect(statSync(join(root, "users/nobody-knows/train.yaml"))).toMatchObject({ uid: 0 });
});

test("removes a file, and what is not there", async () => {
  const root = tree();
  const writer = writerFor(root);
  await writer.write("users/alice/train.yaml", "a: 1", "alice");
  await writer.remove("users/alice/train.yaml");
  await writer.remove("users/alice/train.yaml");
  await writer.remove("users/nobody/there/train.yaml");
  expect(await writer.read("users/alice/train.yaml")).toBeUndefined();
  expect(readdirSync(join(root, "users"))).toEqual(["alice"]);
});

test.each([
  "../outside.yaml",
  "users/alice/../../../outside.yaml",
  "/etc/passwd.yaml",
  "users//train.yaml",
  "users/alice/.hidden.yaml",
  "users/alice/train.sh",
  "train.yaml",
  "users/alice/a\0b.yaml",
  "",
])("refuses the path %j", async (path) => {
  const writer = writerFor(tree());
  await expect(writer.write(path, "a: 1", "alice")).rejects.toMatchObject({ reason: "NotASpecPath" });
  await expect(writer.remove(path)).rejects.toMatchObject({ reason: "NotASpecPath" });
  await expect(writer.read(path)).rejects.toMatchObject({ reason: "NotASpecPath" });
});

test("never follows a symbolic link, be it a directory or the file", async () => {
  const root = tree();
  const outside = temporaryDirectory();
  writeFileSync(join(outside, "target.yaml"), "untouched");
  const writer = writerFor(root);
  symlinkSync(outside, join(root, "users/linked"));
  mkdirSync(join(root, "users/alice"));
  symlinkSync(join(outside, "target.yaml"), join(root, "users/alice/train.yaml"));
  for (const path of ["users/linked/target.yaml", "users/linked/deep/new.yaml", "users/alice/train.yaml"]) {
    await expect(writer.write(path, "a: 1", "alice")).rejects.toMatchObject({ reason: "SymlinkNotAllowed" });
  }
  await expect(writer.remove("users/linked/target.yaml")).rejects.toMatchObject({
    reason: "SymlinkNotAllowed",
  });
  await expect(writer.read("users/linked/target.yaml")).rejects.toMatchObject({
    reason: "SymlinkNotAllowed",
  });
  expect(readdirSync(outside)).toEqual(["target.yaml"]);
  expect(readFileSync(join(outside, "target.yaml"), "utf8")).toBe("untouched");
});

test("says what is wrong when the specs directory is missing", async () => {
  await expect(
    writerFor(join(tree(), "gone")).write("users/alice/train.yaml", "a: 1", "alice"),
  ).rejects.toMatchObject({
    reason: "SpecNotWritable",
  });
});
