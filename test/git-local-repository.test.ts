import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localPathOf, mustBeTrusted } from "../src/adapters/git/local-repository.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const ownUid = process.getuid?.() ?? 0;

/** A folder with what a bare repository has. */
function repository(folder = temporaryDirectory()): string {
  const bare = join(folder, "specs.git");
  const [head, object] = [join(bare, "logs/refs/heads"), join(bare, "objects/4f")];
  for (const made of [bare, join(bare, "refs/heads"), join(bare, "hooks"), head, object]) {
    mkdirSync(made, { recursive: true });
    chmodSync(made, 0o755);
  }
  for (const [name, text] of [
    ["HEAD", "ref: refs/heads/main\n"],
    ["config", "[core]\n\tbare = true\n"],
    ["objects/4f/1c", "object"],
  ] as const) {
    writeFileSync(join(bare, name), text, { mode: 0o644 });
  }
  return bare;
}

const refusal = (message: string): object => ({
  reason: "RepositoryNotTrusted",
  message: expect.stringContaining(message) as string,
});

test("a repository into which nobody else can write is taken, and so is one that is not there", async () => {
  const bare = repository();
  for (const path of [bare, `${bare}/`, bare.replace(/\.git$/, ""), `${bare}.none`]) {
    await expect(mustBeTrusted(path)).resolves.toBeUndefined();
  }
  // What somebody has pushed before is named after its content.
  chmodSync(join(bare, "objects/4f/1c"), 0o666);
  await expect(mustBeTrusted(bare)).resolves.toBeUndefined();
});

test.each([
  ".",
  "..",
  "HEAD",
  "config",
  "refs",
  "refs/heads",
  "objects",
  "objects/4f",
  "logs/refs/heads",
  "hooks",
])("one where others may write to %s is refused", async (name) => {
  for (const mode of [0o775, 0o757]) {
    const bare = repository(join(temporaryDirectory(), "lab"));
    chmodSync(join(bare, name), mode);
    await expect(mustBeTrusted(bare)).rejects.toMatchObject(refusal("can be written by others"));
  }
});

test.each(["refs", "objects", "hooks", "logs/refs/heads/ds01", "config"])(
  "one with a link in the place of %s is refused",
  async (name) => {
    const bare = repository();
    rmSync(join(bare, name), { recursive: true, force: true });
    symlinkSync("/etc", join(bare, name));
    await expect(mustBeTrusted(bare)).rejects.toMatchObject(refusal(`${name} is a symbolic link`));
  },
);

test("one that a link leads to is refused", async () => {
  const bare = repository();
  const folder = temporaryDirectory();
  symlinkSync(bare, join(folder, "specs.git"));
  symlinkSync(join(bare, ".."), join(folder, "lab"));
  for (const path of ["specs.git", "specs", "lab/specs.git", "lab/../specs.git"]) {
    await expect(mustBeTrusted(join(folder, ".") + `/${path}`)).rejects.toMatchObject(
      refusal("is a symbolic link"),
    );
  }
});

test("one with files is looked at where they say that it is", async () => {
  const folder = temporaryDirectory();
  const bare = repository();
  mkdirSync(join(folder, "specs/.git"), { recursive: true, mode: 0o755 });
  await expect(mustBeTrusted(join(folder, "specs"))).resolves.toBeUndefined();
  chmodSync(join(folder, "specs/.git"), 0o777);
  await expect(mustBeTrusted(join(folder, "specs"))).rejects.toMatchObject(refusal("others"));
  rmSync(join(folder, "specs/.git"), { recursive: true });
  writeFileSync(join(folder, "specs/.git"), `gitdir: ${bare}\n`, { mode: 0o644 });
  await expect(mustBeTrusted(join(folder, "specs"))).rejects.toMatchObject(refusal("names another place"));
  await expect(mustBeTrusted(join(folder, "specs/.git"))).rejects.toMatchObject(
    refusal("names another place"),
  );
  await expect(mustBeTrusted(join(folder, "specs/.git/x"))).resolves.toBeUndefined();
});

test("one that is another account's in part is refused", async () => {
  if (ownUid !== 0) {
    await expect(mustBeTrusted(repository(), ownUid + 1)).rejects.toMatchObject(
      refusal(`belongs to the uid ${ownUid}`),
    );
    return;
  }
  for (const name of [".", "config", "logs", "refs/heads", "HEAD"]) {
    const bare = repository();
    chownSync(join(bare, name), 4711, 0);
    await expect(mustBeTrusted(bare)).rejects.toMatchObject(refusal("belongs to the uid 4711"));
    await expect(mustBeTrusted(bare, 4711)).resolves.toBeUndefined();
  }
});

test("a path is known in every spelling that Git takes for one", () => {
  expect(localPathOf("/srv/specs.git")).toBe("/srv/specs.git");
  expect(localPathOf("file:///srv/sp%65cs.git")).toBe("/srv/specs.git");
  for (const url of ["https://git.example/x", "ssh://git@h/srv", "git@h:/srv"]) {
    expect(localPathOf(url)).toBeNull();
  }
  expect(() => localPathOf("file:///srv/%zz")).toThrow("is no path as a URL spells it");
});
