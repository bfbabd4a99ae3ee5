import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContextRequest, OpenedContext } from "../../ports/build-contexts.ts";
import { contextFiles } from "./context-files.ts";

const large = Buffer.alloc(3_000_001, "large ");
const longName = `${"long-".repeat(45)}name`;
const request: ContextRequest = {
  source: "specs",
  specPath: "users/alice/app/app.yaml",
  namespace: "alice",
  context: ".",
  dockerfile: "Dockerfile",
};

describe("the archive of what an image is built from", () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "ds01-context-"));
    const app = join(root, "users/alice/app");
    mkdirSync(join(app, "data", longName), { recursive: true });
    writeFileSync(join(app, "app.yaml"), "the spec itself");
    writeFileSync(join(app, "Dockerfile"), "FROM bed/base:1\n");
    writeFileSync(join(app, "empty"), "");
    writeFileSync(join(app, "data", longName, "large"), large);
    symlinkSync(`data/${longName}/large`, join(app, "link"));
  });

  afterAll(() => rmSync(root, { recursive: true }));

  const contexts = (maximumBytes = 2 ** 30, place = root) =>
    contextFiles({
      rootOf: () => place,
      identity: { userByName: async () => undefined },
      maximumBytes,
      maximumEntries: 100,
    });

  async function unpacked({ tar }: OpenedContext): Promise<ReadonlyMap<string, [Header, Buffer]>> {
    const members = extract();
    tar.once("error", (error) => members.destroy(error));
    tar.pipe(members);
    const found = new Map<string, [Header, Buffer]>();
    for await (const member of members) found.set(member.header.name, [member.header, await buffer(member)]);
    return found;
  }

  it("must hold every file as it is, however large it is and however long its name", async () => {
    const { hash, text } = await contexts().dockerfile(request);
    expect(text).toBe("FROM bed/base:1\n");
    const opened = contexts().open(request, hash);
    const found = await unpacked(opened);

    const path = `data/${longName}/large`;
    expect([...found.keys()].map((name) => name.replace(/\/$/, ""))).toEqual([
      "Dockerfile",
      "data",
      `data/${longName}`,
      path,
      "empty",
      "link",
    ]);
    expect(found.get(path)?.[1].equals(large)).toBe(true);
    expect(found.get("empty")?.[1].length).toBe(0);
    expect(found.get("link")?.[0]).toMatchObject({ type: "symlink", linkname: path });
    const { mode } = statSync(join(root, "users/alice/app/Dockerfile"));
    expect(found.get("Dockerfile")?.[0]).toMatchObject({ type: "file", mode: mode & 0o777, uid: 0, gid: 0 });
    expect(await opened.hash).toBe(await contexts().hash(request));
  });

  it("must end when nobody reads it any more", async () => {
    const { hash } = await contexts().dockerfile(request);
    const opened = contexts().open(request, hash);
    await new Promise((resolve) => void opened.tar.once("data", resolve));
    opened.tar.destroy();

    await expect(opened.hash).rejects.toThrow("nobody reads");
  });

  it("must break off, for its reader too, where there is more than is allowed", async () => {
    const { hash } = await contexts().dockerfile(request);
    const opened = contexts(1_000_000).open(request, hash);

    await expect(unpacked(opened)).rejects.toMatchObject({ reason: "ContextTooLarge" });
    await expect(opened.hash).rejects.toMatchObject({ reason: "ContextTooLarge" });
  });

  it("must break off where the Dockerfile is another than the one that was looked at", async () => {
    const opened = contexts().open(request, "0".repeat(64));

    await expect(unpacked(opened)).rejects.toMatchObject({ reason: "ContextChanged" });
  });

  it.each<[string, (app: string) => void]>([
    ["becomes another", (app) => renameSync(app, `${app}-before`)],
    ["is removed", (app) => rmSync(app, { recursive: true })],
    [
      "stands in another by now",
      (app) => {
        renameSync(join(app, ".."), join(app, "../../bob"));
        mkdirSync(join(app, "data"), { recursive: true });
      },
    ],
  ])("must break off where the directory that is read %s", async (_, change) => {
    const own = mkdtempSync(join(tmpdir(), "ds01-context-"));
    try {
      cpSync(root, own, { recursive: true, verbatimSymlinks: true });
      const files = contexts(undefined, own);
      const { hash } = await files.dockerfile(request);
      const opened = files.open(request, hash);
      opened.tar.once("data", () => change(join(own, "users/alice/app")));

      await expect(unpacked(opened)).rejects.toMatchObject({ reason: "ContextChanged" });
      await expect(opened.hash).rejects.toMatchObject({ reason: "ContextChanged" });
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  it("must not mind a link to the specs directory that leads elsewhere while they are read", async () => {
    const own = mkdtempSync(join(tmpdir(), "ds01-context-"));
    try {
      symlinkSync(root, join(own, "current"));
      const files = contexts(undefined, join(own, "current"));
      const { hash } = await files.dockerfile(request);
      const opened = files.open(request, hash);
      opened.tar.once("data", () => {
        rmSync(join(own, "current"));
        symlinkSync(own, join(own, "current"));
      });

      expect([...(await unpacked(opened)).keys()]).toContain("empty");
      expect(await opened.hash).toBe(await contexts().hash(request));
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  it.each(["link", "data", "nowhere"])(
    "must have a plain file as its Dockerfile: %s is none",
    async (dockerfile) => {
      await expect(contexts().dockerfile({ ...request, dockerfile })).rejects.toMatchObject({
        reason: "DockerfileMissing",
      });
    },
  );
});
