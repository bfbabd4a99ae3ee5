import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { gitSettings, type GitSettings } from "../../src/adapters/git/git-settings.ts";
import type { SyncStep } from "../../src/adapters/git/sync-step.ts";
import { waitFor } from "../bed/wait-for.ts";
import { filesWritten } from "../support/files-written.ts";
import { specText, type GitBed } from "../support/git-repository.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import {
  everything,
  preparedRepository,
  RunningGitSource,
  syncedSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

test("delivers a revision in full, then only what changed, with the commit that changed it", async () => {
  const { git, run, commit } = await syncedSource();
  expect(run.sink.scans).toEqual([3]);
  expect(run.report()).toMatchObject({ revision: commit, appliedRevision: commit, failure: null });
  expect(run.sink.texts.get("users/alice/train.yaml")).toMatchObject({ revision: commit, ownerUid: null });
  run.sink.events.length = 0;

  git.write("users/alice/train.yaml", specText("train", "bed/base:2"));
  git.write("users/bob/new.yaml", specText("new"));
  git.remove("users/alice/eval.yaml");
  const second = git.push();
  await run.sync();

  expect(run.sink.events.toSorted()).toEqual([
    "remove users/alice/eval.yaml",
    "upsert users/alice/train.yaml",
    "upsert users/bob/new.yaml",
  ]);
  expect(run.sink.texts.get("users/alice/train.yaml")?.revision).toBe(second);
  expect(run.sink.texts.get("quotas/all.yaml")?.revision).toBe(commit);
  await run.sync();
  expect(run.sink.events.length).toBe(3);
});

test("fetches, reads and writes for a commit of one file in a thousand no more than that file", async () => {
  const bed = preparedRepository();
  const { git, state } = bed;
  for (let place = 0; place < 1000; place += 1) {
    const name = `c${place}`;
    git.write(`users/user${place % 50}/${name}.yaml`, specText(name));
  }
  git.push();
  const run = await new RunningGitSource(state, git.bare, { timeoutMs: 120_000 }).first();
  expect(run.paths()).toHaveLength(1003);
  const objects = (): number => {
    const text = execFileSync("git", ["count-objects", "-v"], {
      cwd: join(state, "repository"),
      encoding: "utf8",
      env: { ...process.env, GIT_DIR: "." },
    });
    const counted = [/^count: (\d+)$/m, /^in-pack: (\d+)$/m].map((line) => Number(line.exec(text)?.[1]));
    return counted.reduce((sum, count) => sum + count, 0);
  };
  const before = objects();
  run.sink.events.length = 0;

  await waitFor("files for the next revision", () => existsSync(join(state, "worktrees/spare")));
  const written = filesWritten(state);
  git.write("users/user7/c7.yaml", specText("c7", "bed/base:2"));
  git.push();
  expect((await run.sync()).failure).toBeNull();
  expect(run.sink.events).toEqual(["upsert users/user7/c7.yaml"]);
  // The file, its directory and the two above, and the commit; Git may keep what they differ from once more.
  expect(objects() - before).toBeLessThan(10);
  expect(written()).toEqual(["users/user7/c7.yaml"]);

  await run.end();
  const again = await new RunningGitSource(state, git.bare, { timeoutMs: 120_000 }).first();
  const writtenLater = filesWritten(state);
  git.write("users/user8/c8.yaml", specText("c8", "bed/base:2"));
  git.push();
  expect((await again.sync()).failure).toBeNull();
  // What is brought up to date is the revision before the one in effect, which lacks the last change, too.
  expect(writtenLater()).toEqual(["users/user7/c7.yaml", "users/user8/c8.yaml"]);
});

test("is in effect again after a restart without the server, with the same revisions", async () => {
  const { git, run, state, commit } = await syncedSource();
  git.write("users/alice/train.yaml", specText("train", "bed/base:2"));
  const second = git.push();
  await run.sync();
  await run.end();
  rmSync(git.bare, { recursive: true });

  const again = await new RunningGitSource(state, git.bare).first();

  expect(again.paths()).toEqual(everything);
  expect(again.sink.texts.get("users/alice/train.yaml")?.revision).toBe(second);
  expect(again.sink.texts.get("users/alice/eval.yaml")?.revision).toBe(commit);
  expect(again.report()).toMatchObject({
    appliedRevision: second,
    failure: { reason: "RepositoryNotFound" },
  });
  expect(again.sink.outages).toEqual([]);
});

test("takes nothing newer while it is suspended, also when it is run anew, and everything after", async () => {
  const { git, run, state, commit } = await syncedSource();
  await run.source.setSuspended?.(true);
  git.write("users/alice/train.yaml", specText("train", "bed/base:2"));
  const second = git.push();
  await run.sync();
  expect(run.report().appliedRevision).toBe(commit);
  await run.end();

  const again = new RunningGitSource(state, git.bare, {}, true);
  await waitFor("what is in effect", () => again.sink.scans.length > 0);
  await again.source.sync?.();
  expect(again.paths()).toEqual(everything);
  expect(again.sink.reports).toMatchObject([{ attemptedAt: null, appliedRevision: commit, failure: null }]);
  expect(again.sink.outages).toEqual([]);

  await again.source.setSuspended?.(false);
  await waitFor("the newer one", () => again.report().appliedRevision === second);
});

test("suspended before anything was in effect says so, and is read when it is resumed", async () => {
  const { git, state, commit } = preparedRepository();
  const run = new RunningGitSource(state, git.bare, {}, true);
  await waitFor("it to say so", () => run.sink.outages.length > 0);
  expect(run.sink.outages).toEqual(["it is suspended, and nothing of it is in effect"]);
  await run.source.setSuspended?.(false);
  expect((await run.first()).report()).toMatchObject({ appliedRevision: commit, failure: null });
});

test("follows a branch, a tag, a commit and a directory", async () => {
  const { git, folder, commit } = preparedRepository();
  git.git("tag", "-a", "v1", "-m", "first");
  git.git("push", "--quiet", "origin", "v1");
  git.write("deep/lab/users/alice/deep.yaml", specText("deep"));
  const second = git.push();
  const follow = async (name: string, config: Parameters<typeof gitSettings>[0]): Promise<RunningGitSource> =>
    new RunningGitSource(join(folder, name), git.bare, gitSettings(config)).first();
  const url = git.bare;

  const branch = await follow("branch", { url, ref: "main", interval: "1h" });
  expect(branch.report().appliedRevision).toBe(second);
  const tag = await follow("tag", { url, ref: { tag: "v1" }, interval: "1h" });
  expect(tag.report().appliedRevision).toBe(commit);
  const pinned = await follow("pinned", { url, ref: { commit }, interval: "1h" });
  expect(pinned.report().appliedRevision).toBe(commit);
  const deep = await follow("deep", { url, path: "deep/lab/", interval: "1h" });
  expect(deep.paths()).toEqual(["users/alice/deep.yaml"]);
  expect(existsSync(join(folder, "deep/current/deep/lab/users/alice/deep.yaml"))).toBe(true);
  expect(existsSync(join(folder, "deep/current/users"))).toBe(false);

  rmSync(git.bare, { recursive: true });
  expect((await pinned.sync()).failure).toBeNull();
});

describe("what must be an accident changes nothing, says why, and is over when it is mended", () => {
  const wreck: [string, string, (git: GitBed) => void, Partial<GitSettings>][] = [
    [
      "everything removed",
      "RevisionEmpty",
      (git) => {
        git.remove("users");
        git.remove("quotas");
        git.push();
      },
      {},
    ],
    [
      "the branch deleted",
      "RevisionNotFound",
      (git) => void git.git("push", "--quiet", "origin", ":main"),
      { ref: "refs/heads/main" },
    ],
    [
      "the directory gone",
      "PathMissing",
      (git) => {
        git.git("mv", "lab", "laboratory");
        git.push();
      },
      { path: "lab" },
    ],
    [
      "more than fits",
      "RevisionTooLarge",
      (git) => {
        git.write("users/alice/data.bin", Buffer.alloc(3 * 1024 ** 2, "x"));
        git.push();
      },
      { maximumBytes: 2 * 1024 ** 2 },
    ],
    [
      "a mistake, where all of a revision is taken or nothing",
      "RevisionInvalid",
      (git) => {
        git.write("users/alice/eval.yaml", specText("eval", "bed/base:2"));
        git.write("users/alice/train.yaml", "kind: ContainerSpec\nspecc: {}\n");
        git.push();
      },
      { onInvalid: "revision" },
    ],
  ];

  test.each(wreck)("%s", async (_what, reason, breakIt, changes) => {
    const bed = preparedRepository();
    const { git } = bed;
    if (changes.path !== undefined) {
      for (const folder of ["users", "quotas"]) {
        git.git("mv", folder, `kept-${folder}`);
        git.write(`${changes.path}/.keep`, "");
        git.git("mv", `kept-${folder}`, `${changes.path}/${folder}`);
      }
      git.push();
    }
    const run = await new RunningGitSource(bed.state, git.bare, changes).first();
    expect(run.paths()).toEqual(everything);
    const before = git.git("rev-parse", "HEAD").trim();
    run.sink.events.length = 0;

    breakIt(git);
    expect((await run.sync()).failure?.reason).toBe(reason);
    expect(run.report().appliedRevision).toBe(before);
    expect(run.sink.events).toEqual([]);
    expect(run.sink.outages).toEqual([]);

    git.git("reset", "--quiet", "--hard", before);
    git.write(join(changes.path ?? "", "users/alice/more.yaml"), specText("more"));
    git.push();
    expect((await run.sync()).failure).toBeNull();
    expect(run.sink.events).toEqual(["upsert users/alice/more.yaml"]);
  });
});

test("takes an empty revision at its word where that is said", async () => {
  const { git, run } = await syncedSource({ allowEmpty: true });
  git.remove("users");
  git.remove("quotas");
  git.push();

  expect((await run.sync()).failure).toBeNull();
  expect(run.paths()).toEqual([]);
});

test("takes a history that was rewritten like any other revision, and says so", async () => {
  const { git, run, commit, state } = await syncedSource();
  git.git("checkout", "--quiet", "--orphan", "other");
  git.write("users/alice/train.yaml", specText("train", "bed/base:3"));
  const rewritten = git.push();

  expect(await run.compared()).toMatchObject({
    appliedRevision: rewritten,
    failure: null,
    rewrittenFrom: commit,
  });
  expect(run.sink.texts.get("users/alice/train.yaml")?.text).toContain("base:3");
  expect(run.paths()).toEqual(everything);
  expect(await run.sync()).not.toHaveProperty("rewrittenFrom");

  // Back to what was there long before.
  git.git("checkout", "--quiet", "main");
  git.environment["GIT_COMMITTER_DATE"] = "2026-01-01T12:00:00Z";
  git.git("checkout", "--quiet", "--orphan", "old");
  const old = git.push("old");
  git.environment["GIT_COMMITTER_DATE"] = "2026-03-01T12:00:00Z";
  const newer = git.push("newer");
  expect(await run.compared()).toMatchObject({ appliedRevision: newer, rewrittenFrom: rewritten });
  git.git("push", "--quiet", "--force", "origin", `${old}:main`);
  expect(await run.compared()).toMatchObject({ appliedRevision: old, failure: null, rewrittenFrom: newer });
  expect(existsSync(join(state, "history"))).toBe(false);
});

test("takes what goes on from the revision in effect for that, however it got there", async () => {
  const { git, run } = await syncedSource();
  const taken = async (): Promise<void> => {
    const report = await run.compared();
    expect(report.appliedRevision).toBe(git.git("rev-parse", "HEAD").trim());
    expect(run.sink.reports.filter(({ rewrittenFrom }) => rewrittenFrom !== undefined)).toEqual([]);
  };
  git.push("one");
  await taken();
  for (const message of ["two", "three", "four"]) git.push(message);
  await taken();
  // A merge, and one of a branch that is older than all that is in effect.
  git.git("checkout", "--quiet", "-b", "feature", "HEAD~4");
  git.write("users/bob/new.yaml", specText("new"));
  git.git("add", "--all");
  git.environment["GIT_COMMITTER_DATE"] = "2026-01-01T12:00:00Z";
  git.git("commit", "--quiet", "--message", "feature");
  delete git.environment["GIT_COMMITTER_DATE"];
  git.git("checkout", "--quiet", "main");
  git.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature");
  git.push("after the merge");
  await taken();
  expect(run.paths()).toContain("users/bob/new.yaml");
  expect(run.log.lines.filter(({ fields }) => fields["reason"] === "HistoryUnknown")).toEqual([]);
});

test("one file that is no plain spec is refused by itself, and nothing leads out of the tree", async () => {
  const { git, run, folder, state } = await syncedSource();
  writeFileSync(join(folder, "secret.yaml"), specText("secret"));
  const [link, inside] = [
    join(git.clone, "users/alice/link.yaml"),
    join(git.clone, "users/alice/inside.yaml"),
  ];
  symlinkSync(join(folder, "secret.yaml"), link);
  symlinkSync("train.yaml", inside);
  symlinkSync("../../..", join(git.clone, "users/alice/up"));
  symlinkSync("/etc", join(git.clone, "users/alice/etc"));
  git.write("users/alice/big.yaml", Buffer.alloc(100 * 1024 ** 2, "# x\n"));
  git.write(
    "users/alice/lfs.yaml",
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
  );
  git.write("users/alice/plain.yaml", specText("plain").replace("\n", "\n# $Id$\n"));
  git.write("users/lost.yaml", specText("lost"));
  // A submodule is an entry with a commit of elsewhere.
  git.git("add", "--all", "--force");
  git.write(".gitattributes", "*.yaml filter=evil ident working-tree-encoding=UTF-16 text eol=crlf\n");
  git.git("add", ".gitattributes");
  git.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},users/carol`);
  git.git("commit", "--quiet", "-m", "tricks");
  git.git("push", "--quiet", "origin", "HEAD:main");

  expect((await run.sync()).failure).toBeNull();

  const refused = [...run.sink.refusals.values()].map(({ path, reason }) => `${path} ${reason}`).toSorted();
  expect(refused).toEqual([
    "users/alice/big.yaml TooLarge",
    "users/alice/inside.yaml SymlinkNotAllowed",
    "users/alice/lfs.yaml LfsPointer",
    "users/alice/link.yaml SymlinkNotAllowed",
    "users/carol SubmoduleNotAllowed",
    "users/lost.yaml Misplaced",
  ]);
  expect(run.paths()).toEqual([...everything, "users/alice/plain.yaml"].toSorted());
  expect(run.sink.texts.get("users/alice/plain.yaml")?.text).toContain("# $Id$\n");
  expect(run.source.hasDirectory("users/carol")).toBe(false);
  expect(run.source.hasDirectory("users/alice")).toBe(true);
  const names = readdirSync(join(state, "current/users/alice")).toSorted();
  expect(names).toEqual(["eval.yaml", "lfs.yaml", "plain.yaml", "train.yaml"]);
});

test("a copy that is damaged is fetched anew, and files that are, are written anew", async () => {
  const { git, run, state } = await syncedSource();
  // Commits come first in a pack, contents last.
  const packs = join(state, "repository/objects/pack");
  const pack = join(packs, readdirSync(packs).find((name) => name.endsWith(".pack")) ?? "");
  const bytes = readFileSync(pack);
  chmodSync(pack, 0o644);
  writeFileSync(pack, bytes.fill(0, Math.floor(bytes.length * 0.6), bytes.length - 20));
  git.write("users/alice/train.yaml", specText("train", "bed/base:2"));
  const second = git.push();
  expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: second });
  expect(run.log.lines.some(({ fields }) => fields["reason"] === "CloneDamaged")).toBe(true);
  await run.end();

  // As after a crash of the machine: the name is there, the content is not.
  writeFileSync(join(state, "current/users/alice/train.yaml"), "");
  const again = await new RunningGitSource(state, git.bare).first();
  expect(again.sink.texts.get("users/alice/train.yaml")?.text).toContain("base:2");
  expect(again.report().failure).toBeNull();
  await again.end();

  writeFileSync(join(state, "repository/shallow.lock"), "");
  git.write("users/alice/train.yaml", specText("train", "bed/base:3"));
  git.push();
  const third = await new RunningGitSource(state, git.bare).first();
  expect(third.report().failure).toBeNull();
  expect(third.sink.texts.get("users/alice/train.yaml")?.text).toContain("base:3");
});

/** What a kill at each step leaves in effect. */
const leftByKill: Readonly<Record<SyncStep, "old" | "new">> = {
  fetched: "old",
  listed: "old",
  checkedOut: "old",
  validated: "old",
  published: "new",
  delivered: "new",
  compared: "new",
};

test.each(Object.entries(leftByKill))(
  "a kill -9 when it has %s leaves the %s revision, never a mix",
  async (step, left) => {
    const { git, run, state, commit } = await syncedSource();
    await run.end();
    for (const name of ["train", "eval"]) git.write(`users/alice/${name}.yaml`, specText(name, "bed/base:2"));
    git.remove("quotas");
    const second = git.push();
    const killed = await killedAt(state, git.bare, step);
    expect(killed).toBe("SIGKILL");

    const away = await new RunningGitSource(state, `${git.bare}-away`).first();
    const isNew = left === "new";
    expect(away.report().appliedRevision).toBe(isNew ? second : commit);
    expect(away.paths()).toEqual(isNew ? everything.slice(1) : everything);
    const images = ["train", "eval"].map((name) =>
      away.sink.texts.get(`users/alice/${name}.yaml`)?.text.includes("base:2"),
    );
    expect(images).toEqual([isNew, isNew]);
    await away.end();

    const again = await new RunningGitSource(state, git.bare).first();
    expect(again.report()).toMatchObject({ failure: null, appliedRevision: second });
    expect(again.paths()).toEqual(everything.slice(1));
    const names = readdirSync(join(state, "worktrees")).filter((name) => !name.endsWith(".json"));
    expect(names.every((name) => /^[0-9a-f]{40}$/.test(name))).toBe(true);
  },
);

/** Runs a sync in a process of its own that ends itself at a step; the signal that it ended by. */
async function killedAt(state: string, url: string, step: string): Promise<string | null> {
  const program = join(import.meta.dirname, "git-source-writer.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program, state, url, step], { stdio: "inherit" });
  return new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
}

test("keeps no more revisions than the one in effect and the one before", async () => {
  const { git, run, state } = await syncedSource();
  for (const version of [2, 3, 4]) {
    git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
    git.push();
    await run.sync();
  }
  const commit = git.git("rev-parse", "HEAD").trim();
  expect(readlinkSync(join(state, "current"))).toBe(`worktrees/${commit}`);
  const kept = readdirSync(join(state, "worktrees")).filter((name) => !name.endsWith(".json"));
  expect(kept).toHaveLength(2);
});

describe("over http", () => {
  async function served(
    changes: Partial<GitSettings> = {},
  ): Promise<GitSourceBed & { readonly run: RunningGitSource; readonly server: GitHttpServer }> {
    const bed = preparedRepository();
    const server = new GitHttpServer(bed.folder);
    const url = await server.listen();
    onTestFinished(() => server.close());
    const run = await new RunningGitSource(bed.state, `${url}/specs.git`, changes).first();
    return { ...bed, run, server };
  }

  test("a server that is away, hangs or fails changes nothing and is asked again by itself", async () => {
    const { run, git, server, commit } = await served({ timeoutMs: 6000, intervalMs: 200 });
    expect(run.report().appliedRevision).toBe(commit);
    for (const [mode, reason] of [
      ["hang", "SyncTimeout"],
      ["fail", "SourceUnreachable"],
      ["hangInBody", "SyncTimeout"],
    ] as const) {
      git.write("users/alice/train.yaml", specText("train", `bed/${mode}:1`));
      server.mode = mode;
      const pushed = git.push();
      await waitFor(`${mode} to show`, () => run.report().failure?.reason === reason);
      expect(run.sink.texts.get("users/alice/train.yaml")?.text).not.toContain(mode);
      server.mode = "serve";
      await waitFor("recovery", () => run.report().appliedRevision === pushed);
      expect(run.sink.texts.get("users/alice/train.yaml")?.text).toContain(mode);
    }
    expect(run.sink.outages).toEqual([]);
  });

  test("a suspension ends what is under way, and nothing of it comes into effect", async () => {
    const { run, git, server, commit } = await served();
    git.write("users/alice/train.yaml", specText("train", "bed/base:2"));
    server.mode = "hang";
    git.push();
    const { requests } = server;
    const syncing = run.source.sync?.();
    await waitFor("the server to be asked", () => server.requests > requests);
    await run.source.setSuspended?.(true);
    await syncing;
    server.mode = "serve";
    expect(run.report()).toMatchObject({ appliedRevision: commit, failure: null });
  });

  test("a token is read anew at each sync, and stands in no message", async () => {
    const bed = preparedRepository();
    const server = new GitHttpServer(bed.folder);
    server.login = "robot:s3cret";
    const url = await server.listen();
    onTestFinished(() => server.close());
    const tokenFile = join(bed.folder, "token");
    writeFileSync(tokenFile, "wrong\n");
    const run = await new RunningGitSource(bed.state, `${url}/specs.git`, {
      credentials: { tokenFile, user: "robot" },
    }).first();
    expect(run.report().failure?.reason).toBe("AuthenticationFailed");
    expect(run.sink.outages).toHaveLength(1);

    writeFileSync(tokenFile, "s3cret\n");
    expect((await run.sync()).failure).toBeNull();
    expect(run.paths()).toEqual(everything);

    server.login = "robot:revoked";
    expect((await run.sync()).failure?.reason).toBe("AuthenticationFailed");
    expect(run.paths()).toEqual(everything);
    expect(JSON.stringify([run.sink.reports, run.log.lines])).not.toContain("s3cret");
  });
});

test("over ssh nothing is asked, no key is trusted unseen, and only the given one is shown", async () => {
  const { git, folder, state } = preparedRepository();
  const programs = join(folder, "programs");
  mkdirSync(programs);
  // A stand-in for ssh: notes how it was called, and runs on this machine what it was to run on the other one.
  const stand = `#!/bin/sh\nprintf '%s\\n' "$@" >"${folder}/called"\nfor last; do :; done\nexec sh -c "$last"\n`;
  writeFileSync(join(programs, "ssh"), stand, { mode: 0o755 });
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${programs}:${path}`;
  onTestFinished(() => void (process.env["PATH"] = path));
  const credentials = { sshKey: join(folder, "a key; id"), knownHosts: join(folder, "known hosts") };

  const run = await new RunningGitSource(state, `ssh://git@git.example.org:2222${git.bare}`, {
    credentials,
  }).first();

  expect(run.report().failure).toBeNull();
  expect(run.paths()).toEqual(everything);
  const called = readFileSync(join(folder, "called"), "utf8").split("\n");
  expect(called).toEqual(
    expect.arrayContaining([
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      "IdentitiesOnly=yes",
      `IdentityFile="${credentials.sshKey}"`,
      `UserKnownHostsFile="${credentials.knownHosts}"`,
      "GlobalKnownHostsFile=/dev/null",
      "2222",
      "git@git.example.org",
    ]),
  );
});

test.each(["users", "users/alice", "quotas"])(
  "what a link or a submodule in the place of %s hides is not known to be gone",
  async (path) => {
    const { git, run } = await syncedSource();
    const asked = path === "quotas" ? "quotas" : "users/alice";
    expect(run.source.hasDirectory(asked)).toBe(true);

    git.git("mv", path, "moved");
    symlinkSync(path === "users/alice" ? "../moved" : "moved", join(git.clone, path));
    git.push();
    expect((await run.sync()).failure).toBeNull();
    expect(run.source.hasDirectory(asked)).toBe(false);
    expect(run.sink.refusals.get(path)?.reason).toBe("SymlinkNotAllowed");

    git.git("rm", "--quiet", path);
    git.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},${path}`);
    git.git("commit", "--quiet", "-m", "a submodule");
    git.git("push", "--quiet", "origin", "HEAD:main");
    expect((await run.sync()).failure).toBeNull();
    expect(run.source.hasDirectory(asked)).toBe(false);
    expect(run.sink.refusals.get(path)?.reason).toBe("SubmoduleNotAllowed");
  },
);

test("links that lead out of the tree only by another link are left out, too", async () => {
  const { git, run, state } = await syncedSource();
  symlinkSync("../..", join(git.clone, "users/alice/top"));
  symlinkSync("top/../..", join(git.clone, "users/alice/out"));
  symlinkSync("top/README.md", join(git.clone, "users/alice/readme"));
  git.push();
  expect((await run.sync()).failure).toBeNull();
  const names = readdirSync(join(state, "current/users/alice")).toSorted();
  expect(names).toEqual(["eval.yaml", "readme", "top", "train.yaml"]);
});
