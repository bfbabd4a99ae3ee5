import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findProgram } from "../bed/requirements.ts";
import { waitFor } from "../bed/wait-for.ts";
import { filesWritten } from "../support/files-written.ts";
import { specText, type GitBed } from "../support/git-repository.ts";
import {
  preparedRepository,
  RunningGitSource,
  syncedSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

/** Everything below a folder: directories, links, and files with what makes them executable. */
function contentsOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    // With their types, or it goes through links as well, round and round where one leads back.
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .toSorted()
      .map((path) => {
        const stats = lstatSync(join(folder, path));
        if (stats.isDirectory()) return [path, "directory"];
        if (stats.isSymbolicLink()) return [path, `link to ${readlinkSync(join(folder, path))}`];
        expect(stats.nlink, `names of ${path}`).toBe(1);
        return [path, `${(stats.mode & 0o777).toString(8)} ${readFileSync(join(folder, path), "utf8")}`];
      }),
  );
}

/** The files that are in effect, and those that a source would write that begins with nothing. */
async function sideBySide(
  { git, folder, state }: GitSourceBed,
  path = "",
): Promise<readonly Readonly<Record<string, string>>[]> {
  const fresh = join(folder, `fresh-${readdirSync(folder).length}`);
  const other = await new RunningGitSource(fresh, git.bare, { path }).first();
  expect(other.report().failure).toBeNull();
  await other.end();
  return [join(state, "current/"), join(fresh, "current/")].map(contentsOf);
}

/** The worktree from which the next revision is made. */
function spareOf(state: string): string {
  const inEffect = realpathSync(join(state, "current"));
  const others = readdirSync(join(state, "worktrees"))
    .filter((name) => !name.endsWith(".json"))
    .map((name) => join(state, "worktrees", name))
    .filter((worktree) => worktree !== inEffect);
  expect(others).toHaveLength(1);
  return others[0] ?? "";
}

function change({ git }: GitSourceBed, version: number): string {
  git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
  return git.push();
}

type Change = readonly [what: string, make: (git: GitBed, at: (path: string) => string) => void];

const link = (git: GitBed, target: string, path: string): void => symlinkSync(target, join(git.clone, path));
/** One after another; what takes the place of something else of another kind is what goes wrong elsewhere. */
const changes: readonly Change[] = [
  [
    "files beside specs, also deep down",
    (git, at) => git.write(at("users/alice/app/src/deep/main.py"), "print(1)\n"),
  ],
  [
    "a link to a directory, and links that lead out",
    (git, at) => {
      link(git, "app", at("users/alice/here"));
      link(git, "/etc", at("users/alice/etc"));
      link(git, "here/../../../..", at("users/alice/out"));
    },
  ],
  ["an edit behind a link", (git, at) => git.write(at("users/alice/app/src/deep/main.py"), "print(2)\n")],
  [
    "a directory in the place of a link",
    (git, at) => {
      git.remove(at("users/alice/here"));
      git.write(at("users/alice/here/src/main.py"), "print(3)\n");
    },
  ],
  [
    "a link in the place of a directory",
    (git, at) => {
      git.git("mv", at("users/alice/app"), at("users/alice/moved"));
      link(git, "moved", at("users/alice/app"));
    },
  ],
  [
    "a directory in the place of a file, and a file in that of one",
    (git, at) => {
      git.remove(at("README.md"));
      git.write(at("README.md/index.md"), "specs\n");
      git.remove(at("users/alice/moved"));
      git.write(at("users/alice/moved"), "nothing here\n");
    },
  ],
  ["a file that is executable now", (git, at) => chmodSync(join(git.clone, at("users/alice/moved")), 0o755)],
  [
    "another that is as large, at the same time",
    (git, at) => {
      git.write(at("users/alice/here/src/main.py"), "print(4)\n");
      git.remove(at("users/alice/eval.yaml"));
    },
  ],
  [
    "files that are refused",
    (git, at) => git.write(at("users/alice/big.yaml"), Buffer.alloc(300 * 1024, "# x\n")),
  ],
  [
    "a spec in the place of one that was refused",
    (git, at) => git.write(at("users/alice/big.yaml"), specText("big")),
  ],
  [
    "attributes that would change content",
    (git, at) => git.write(at(".gitattributes"), "*.yaml eol=crlf ident\n"),
  ],
  ["a directory removed", (git, at) => git.remove(at("users/alice/here"))],
  ["a return to an earlier commit", (git) => void git.git("reset", "--quiet", "--hard", "HEAD~2")],
];

describe("what is made from the files of an earlier revision is what would be written anew", () => {
  test.each(["", "lab"])("in %j of the repository, whatever changes", async (path) => {
    const bed = preparedRepository();
    const { git, state } = bed;
    if (path !== "") {
      for (const name of ["users", "quotas", "README.md"]) {
        git.write(`${path}/.keep`, "");
        git.git("mv", name, `${path}/${name}`);
      }
      git.push();
    }
    const run = await new RunningGitSource(state, git.bare, { path }).first();
    for (const [what, make] of changes) {
      make(git, (name) => join(path, name));
      const commit = git.push();
      expect(await run.sync(), what).toMatchObject({ failure: null, appliedRevision: commit });
      const [ours, fresh] = await sideBySide(bed, path);
      expect(ours, what).toEqual(fresh);
    }
  });
});

test("files that somebody has changed, added or removed meanwhile are as the commit has them again", async () => {
  const { run, ...bed } = await syncedSource();
  const { git, state } = bed;
  git.write("users/alice/app/run.sh", "#!/bin/sh\n");
  git.write("users/alice/app/keep.txt", "kept\n");
  change(bed, 2);
  await run.sync();
  change(bed, 3);
  await run.sync();

  const spare = spareOf(state);
  const kept = join(spare, "users/alice/app/keep.txt");
  const { mtime } = lstatSync(kept);
  writeFileSync(kept, "KEPT\n");
  utimesSync(kept, mtime, mtime);
  const script = join(spare, "users/alice/app/run.sh");
  const { ctimeMs } = lstatSync(script);
  const second = (ms: number): number => Math.floor(ms / 1000);
  // Git compares whole seconds of the time at which a mode was changed.
  await waitFor("the next second", () => second(Date.now()) > second(ctimeMs));
  chmodSync(script, 0o666);
  rmSync(join(spare, "users/alice/eval.yaml"));
  truncateSync(join(spare, "quotas/all.yaml"));
  mkdirSync(join(spare, "users/mallory/.git"), { recursive: true });
  writeFileSync(join(spare, "users/mallory/more.yaml"), specText("more"));
  mkdirSync(join(spare, "empty"));
  const commit = change(bed, 4);

  expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: commit });
  const [ours, fresh] = await sideBySide(bed);
  expect(ours).toEqual(fresh);
});

test("a directory that somebody has put a link in the place of is written there, and nothing behind the link", async () => {
  const { run, ...bed } = await syncedSource();
  const { folder, state } = bed;
  change(bed, 2);
  await run.sync();
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "train.yaml"), "elsewhere\n");
  rmSync(join(spareOf(state), "users/alice"), { recursive: true });
  symlinkSync(elsewhere, join(spareOf(state), "users/alice"));
  change(bed, 3);

  expect((await run.sync()).failure).toBeNull();
  const [ours, fresh] = await sideBySide(bed);
  expect(ours).toEqual(fresh);
  expect(contentsOf(elsewhere)).toEqual({ "train.yaml": "644 elsewhere\n" });
});

test.each(["the folder of the next revision", "one below it"])(
  "what %s is a link to is left as it is, and all is written anew",
  async (what) => {
    const { run, ...bed } = await syncedSource();
    const { folder, state } = bed;
    change(bed, 2);
    await run.sync();
    const moved = join(spareOf(state), what === "one below it" ? "users" : "");
    const elsewhere = join(folder, "elsewhere");
    renameSync(moved, elsewhere);
    symlinkSync(elsewhere, moved);
    writeFileSync(join(elsewhere, "notes.txt"), "somebody's own\n");
    const before = contentsOf(elsewhere);

    for (const version of [3, 4, 5]) {
      const commit = change(bed, version);
      expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: commit });
      const [ours, fresh] = await sideBySide(bed);
      expect(ours).toEqual(fresh);
      expect(contentsOf(elsewhere)).toEqual(before);
    }
  },
);

test("what Git takes for a repository of its own does not stay among the files", async () => {
  const { run, ...bed } = await syncedSource();
  const { git, state } = bed;
  git.write("users/bob/train.yaml", specText("train"));
  git.push();
  await run.sync();
  change(bed, 2);
  await run.sync();
  const spare = spareOf(state);
  mkdirSync(join(spare, ".git"));
  writeFileSync(join(spare, ".git/config"), "[core]\n");
  writeFileSync(join(spare, "users/.git"), "gitdir: /elsewhere\n");
  mkdirSync(join(spare, "users/bob/.git"));
  git.remove("users/bob");
  const commit = change(bed, 3);

  expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: commit });
  const [ours, fresh] = await sideBySide(bed);
  expect(ours).toEqual(fresh);
});

test("files have the mode that the mask of now gives them", async () => {
  const { run, ...bed } = await syncedSource();
  const { git, state } = bed;
  await run.end();
  const mask = process.umask(0o077);
  onTestFinished(() => void process.umask(mask));
  const masked = await new RunningGitSource(state, git.bare).first();
  for (const version of [2, 3]) {
    change(bed, version);
    expect((await masked.sync()).failure).toBeNull();
  }
  const modes = () =>
    Object.values(contentsOf(join(state, "current/")))
      .map((content) => content.split(" ")[0])
      .filter((mode) => mode !== "directory");
  expect(new Set(modes())).toEqual(new Set(["600"]));
  await masked.end();

  process.umask(0o022);
  const run2 = await new RunningGitSource(state, git.bare).first();
  change(bed, 4);
  expect((await run2.sync()).failure).toBeNull();
  expect(new Set(modes())).toEqual(new Set(["644"]));
});

/** What keeps the files of an earlier revision from being taken. */
const spoilt: readonly (readonly [what: string, spoil: (indexes: string, state: string) => void])[] = [
  [
    "Git's notes of them are damaged",
    (indexes) => forEachIn(indexes, (index) => writeFileSync(index, "DIRC")),
  ],
  ["Git's notes of them are empty", (indexes) => forEachIn(indexes, (index) => truncateSync(index))],
  ["Git's notes of them are gone", (indexes) => rmSync(indexes, { recursive: true })],
  ["the machine was started since", (indexes) => renameSync(indexes, join(indexes, "../another-boot"))],
  ["they are gone", (_, state) => rmSync(spareOf(state), { recursive: true })],
];

function forEachIn(folder: string, work: (path: string) => void): void {
  for (const name of readdirSync(folder)) work(join(folder, name));
}

test.each(spoilt)("all is written where %s, and only what changes the time after", async (_what, spoil) => {
  const { run, ...bed } = await syncedSource();
  const { state } = bed;
  change(bed, 2);
  await run.sync();
  const boots = readdirSync(join(state, "indexes"));
  expect(boots).toHaveLength(1);
  spoil(join(state, "indexes", boots[0] ?? ""), state);

  for (const version of [3, 4, 5]) {
    const written = filesWritten(state);
    const commit = change(bed, version);
    expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: commit });
    const [ours, fresh] = await sideBySide(bed);
    expect(ours).toEqual(fresh);
    if (version === 3) expect(written()).toHaveLength(4);
    if (version === 5) expect(written()).toEqual(["users/alice/train.yaml"]);
  }
  expect(readdirSync(join(state, "indexes"))).toEqual(boots);
});

test.each(["read-tree", "clean"])(
  "a kill -9 after Git's %s, with files half made, leaves the old revision as it was",
  async (command) => {
    const { run, ...bed } = await syncedSource();
    const { git, folder, state, commit: first } = bed;
    change(bed, 2);
    await run.sync();
    const inEffect = change(bed, 3);
    expect(await run.sync()).toMatchObject({ appliedRevision: inEffect });
    await run.end();
    const before = contentsOf(join(state, "current/"));
    const next = change(bed, 4);

    const programs = join(folder, "programs");
    mkdirSync(programs);
    const script = `#!/bin/sh\n${findProgram("git") ?? ""} "$@"\ncode=$?\ncase " $* " in *" ${command} "*) kill -9 $PPID;; esac\nexit $code\n`;
    writeFileSync(join(programs, "git"), script, { mode: 0o755 });
    const path = `${programs}:${process.env["PATH"] ?? ""}`;
    const writer = join(import.meta.dirname, "git-source-writer.ts");
    const child = spawn(process.execPath, ["--import", "tsx", writer, state, git.bare, "never"], {
      stdio: "inherit",
      env: { ...process.env, PATH: path },
    });
    const signal = await new Promise((resolve) => child.once("exit", (_code, by) => resolve(by)));
    expect(signal).toBe("SIGKILL");
    expect(readdirSync(join(state, "worktrees")).some((name) => name.endsWith(".tmp"))).toBe(true);
    expect(contentsOf(join(state, "current/"))).toEqual(before);

    const away = await new RunningGitSource(state, `${git.bare}-away`).first();
    expect(away.report().appliedRevision).toBe(inEffect);
    expect(contentsOf(join(state, "current/"))).toEqual(before);
    await away.end();
    const again = await new RunningGitSource(state, git.bare).first();
    expect(again.report()).toMatchObject({ failure: null, appliedRevision: next });
    const [ours, fresh] = await sideBySide(bed);
    expect(ours).toEqual(fresh);
    for (const place of ["worktrees", "indexes"]) {
      const names = readdirSync(join(state, place), { recursive: true, encoding: "utf8" });
      expect(names.filter((name) => /\.tmp|\.lock/.test(name))).toEqual([]);
    }
    expect(existsSync(join(state, "worktrees", first))).toBe(false);
  },
);

test("a revision that is refused again and again is written once, and leaves nothing of it in the next", async () => {
  const { run, ...bed } = await syncedSource({ onInvalid: "revision" });
  const { git, state, commit: first } = bed;
  git.write("users/alice/eval.yaml", "kind: ContainerSpec\nspecc: {}\n");
  git.write("users/alice/left.yaml", specText("left"));
  const refused = git.push();
  expect((await run.sync()).failure?.reason).toBe("RevisionInvalid");
  const inode = (): number => lstatSync(join(state, "worktrees", refused, "users/alice/left.yaml")).ino;
  const before = inode();
  expect(await run.sync()).toMatchObject({ appliedRevision: first, failure: { reason: "RevisionInvalid" } });
  expect(inode()).toBe(before);

  git.git("reset", "--quiet", "--hard", first);
  const mended = change(bed, 2);
  expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: mended });
  const [ours, fresh] = await sideBySide(bed);
  expect(ours).toEqual(fresh);
});
