import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secretFiles } from "../../src/adapters/host/secret-files.ts";

const mine = { content: Buffer.from([0, 255]), mode: 0o400, uid: 300_000, gid: 4321 };

describe("files of secrets", () => {
  let directory = "";
  let root = "";

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ds01-secrets-"));
    root = join(directory, "secrets");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("are written whole, for their user, where nobody else enters", async () => {
    const files = secretFiles({ root });
    await files.write("a-1", "key", mine);
    expect(readFileSync(join(root, "a-1/key"))).toEqual(mine.content);
    expect(statSync(join(root, "a-1/key"))).toMatchObject({ uid: 300_000, gid: 4321, size: 2 });
    expect(statSync(join(root, "a-1/key")).mode & 0o7777).toBe(0o400);
    for (const path of [root, join(root, "a-1")]) expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(await files.owners()).toEqual(["a-1"]);
  });

  test("are another file when they are written anew, and stay when a place is kept for them", async () => {
    const files = secretFiles({ root });
    await files.reserve("a-1", ["key"]);
    expect(statSync(join(root, "a-1/key"))).toMatchObject({ size: 0, uid: 0 });
    const { ino } = statSync(join(root, "a-1/key"));
    await files.write("a-1", "key", mine);
    expect(statSync(join(root, "a-1/key")).ino).not.toBe(ino);
    await files.reserve("a-1", ["key", "other"]);
    expect(readFileSync(join(root, "a-1/key"))).toEqual(mine.content);
  });

  test("are kept a place for again by a controller that is not root", () => {
    chownSync(directory, 4321, 4321);
    const module = new URL("../../src/adapters/host/secret-files.ts", import.meta.url).href;
    const script = `
      const { secretFiles } = await import(${JSON.stringify(module)});
      process.setgid(4321);
      process.setuid(4321);
      const files = secretFiles({ root: ${JSON.stringify(root)} });
      await files.reserve("a-1", ["key"]);
      await files.write("a-1", "key", { content: Buffer.from("x"), mode: 0o400, uid: 4321, gid: 4321 });
      await files.reserve("a-1", ["key"]);
    `;
    execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script]);
    expect(readFileSync(join(root, "a-1/key"), "utf8")).toBe("x");
  });

  test("go with their object, and of none there are none", async () => {
    const files = secretFiles({ root });
    expect(await files.owners()).toEqual([]);
    await files.remove("a-1");
    await files.write("a-1", "key", mine);
    await files.write("b-2", "key", mine);
    await files.remove("a-1");
    expect(await files.owners()).toEqual(["b-2"]);
    await expect(files.remove("../b-2")).rejects.toThrow("not the uid of an object");
  });

  test("are kept in no directory that is somebody else's or a link, and in none that others enter", async () => {
    const files = secretFiles({ root });
    mkdirSync(root, { mode: 0o777 });
    chownSync(root, 4321, 4321);
    await expect(files.write("a-1", "key", mine)).rejects.toMatchObject({ reason: "SecretNotWritten" });
    rmSync(root, { recursive: true });
    mkdirSync(join(directory, "elsewhere"));
    symlinkSync(join(directory, "elsewhere"), root);
    await expect(files.reserve("a-1", ["key"])).rejects.toMatchObject({ reason: "SecretNotWritten" });
    rmSync(root);
    mkdirSync(root);
    chmodSync(root, 0o755);
    await files.reserve("a-1", ["key"]);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });
});
