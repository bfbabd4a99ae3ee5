import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GitSettings } from "../../src/adapters/git/git-settings.ts";
import type { BranchChange, PushedBranch } from "../../src/ports/branch-writer.ts";
import { namesIn } from "../../src/adapters/if-there.ts";
import { ConflictError, DeniedError, UnreachableError } from "../../src/util/errors.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import { ensureGitPrograms } from "../support/git-programs.ts";
import { GitBed, specText } from "../support/git-repository.ts";
import { GitSshServer } from "../support/git-ssh-server.ts";
import {
  preparedRepository,
  RunningGitSource,
  syncedSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

beforeAll(ensureGitPrograms);

type Bed = GitSourceBed & { readonly run: RunningGitSource };

const push = { branches: ["*"], emailDomain: "lab.example.org" };
const followsMain: Partial<GitSettings> = { ref: "refs/heads/main", push };

const change: BranchChange = {
  branch: "ds01/alice-train",
  path: "users/alice/train.yaml",
  by: "alice",
  message: "Change container alice/train\n\nMade at the machine.",
  dryRun: false,
  edit: async (before) => `# by hand\n${before ?? ""}`,
};

async function pushed({ run }: Bed, changes: Partial<BranchChange> = {}): Promise<PushedBranch> {
  const answer = await run.source.push?.({ ...change, ...changes });
  if (answer === undefined) throw new TypeError("the source takes no pushes");
  return answer;
}

/** That it is refused, and for what. */
async function refused(bed: Bed, changes: Partial<BranchChange> = {}): Promise<unknown> {
  return pushed(bed, changes).then(
    (answer) => {
      throw new Error(`it was pushed: ${JSON.stringify(answer)}`);
    },
    (error: unknown) => error,
  );
}

/** Runs Git in the bare repository. */
function inBare({ git }: GitSourceBed, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", git.bare, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const branches = (bed: GitSourceBed): string[] =>
  inBare(bed, "for-each-ref", "--format=%(refname:short)", "refs/heads").trim().split("\n");

/** Nothing of a push is left, and what is in effect is what it was. */
async function leavesNothing({ state, run, commit }: Bed): Promise<void> {
  expect(await namesIn(join(state, "pushes"))).toEqual([]);
  expect((await run.sync()).appliedRevision).toBe(commit);
}

describe("a change for a branch", () => {
  test("is one commit on the revision in effect, of its author, in which one file is another one", async () => {
    const bed = await syncedSource(followsMain);
    const { sink } = bed.run;
    sink.events.length = 0;
    const answer = await pushed(bed);
    expect(answer).toMatchObject({ changed: true, path: "users/alice/train.yaml", remote: [], link: null });
    expect(inBare(bed, "rev-list", "--parents", "main..ds01/alice-train").trim()).toBe(
      `${answer.commit} ${bed.commit}`,
    );
    expect(inBare(bed, "diff", "--name-status", "main", "ds01/alice-train").trim()).toBe(
      "M\tusers/alice/train.yaml",
    );
    expect(inBare(bed, "show", "ds01/alice-train:users/alice/train.yaml")).toBe(
      `# by hand\n${specText("train")}`,
    );
    const format = "%an <%ae>|%cn <%ce>|%s|%b";
    expect(inBare(bed, "log", "-1", `--format=${format}`, "ds01/alice-train").trim()).toBe(
      "alice <alice@lab.example.org>|ds01 <ds01@lab.example.org>|Change container alice/train|Made at the machine.",
    );
    expect(inBare(bed, "fsck", "--strict")).toBe("");
    await leavesNothing(bed);
    expect(sink.events).toEqual([]);

    inBare(bed, "update-ref", "refs/heads/main", answer.commit);
    expect((await bed.run.sync()).appliedRevision).toBe(answer.commit);
    expect(sink.events).toEqual(["upsert users/alice/train.yaml"]);
  });

  test("makes a new file, and removes one, below the directory that is followed", async () => {
    const bed = preparedRepository();
    const git = new GitBed(join(bed.folder, "nested"));
    git.write("cluster/users/alice/train.yaml", specText("train"));
    git.write("cluster/users/alice/eval.yaml", specText("eval"));
    git.push();
    const run = await new RunningGitSource(bed.state, git.bare, { ...followsMain, path: "cluster" }).first();
    const nested = { ...bed, git, run };
    const made = await pushed(nested, { path: "users/bob/new.yaml", edit: async (before) => `${before}\n` });
    expect(made.path).toBe("cluster/users/bob/new.yaml");
    expect(inBare(nested, "show", "ds01/alice-train:cluster/users/bob/new.yaml")).toBe("undefined\n");
    await pushed(nested, { branch: "gone", edit: async () => null });
    expect(inBare(nested, "diff", "--name-status", "main", "gone").trim()).toBe(
      "D\tcluster/users/alice/train.yaml",
    );
  });

  test("that says what the file says already pushes nothing, and neither does a dry run", async () => {
    const bed = await syncedSource(followsMain);
    expect(await pushed(bed, { edit: async (before) => before ?? null })).toMatchObject({
      changed: false,
      commit: bed.commit,
    });
    expect(await pushed(bed, { path: "users/alice/none.yaml", edit: async () => null })).toMatchObject({
      changed: false,
    });
    expect(await pushed(bed, { dryRun: true })).toMatchObject({ changed: true, commit: bed.commit });
    expect(branches(bed)).toEqual(["main"]);
    await leavesNothing(bed);
  });

  test("that is invalid pushes nothing", async () => {
    const bed = await syncedSource(followsMain);
    const wrong = new Error("resorces");
    const edit = async (): Promise<string> => {
      throw wrong;
    };
    expect(await refused(bed, { edit })).toBe(wrong);
    expect(branches(bed)).toEqual(["main"]);
    await leavesNothing(bed);
  });

  test("goes on from what the branch has, and from what is in effect where that was merged", async () => {
    const bed = await syncedSource(followsMain);
    const first = await pushed(bed);
    const second = await pushed(bed, { path: "users/alice/eval.yaml" });
    expect(inBare(bed, "rev-list", "main..ds01/alice-train").trim().split("\n")).toEqual([
      second.commit,
      first.commit,
    ]);
    bed.git.git("fetch", "--quiet", "origin");
    bed.git.git("merge", "--quiet", "--no-ff", "--message", "merge", "origin/ds01/alice-train");
    const merged = bed.git.push();
    expect((await bed.run.sync()).appliedRevision).toBe(merged);
    const third = await pushed(bed);
    expect(inBare(bed, "rev-parse", `${third.commit}^`).trim()).toBe(merged);
    expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(third.commit);
  });

  test("is made on the revision in effect, not on a newer one that was not taken", async () => {
    const bed = await syncedSource(followsMain);
    bed.git.remove("users");
    bed.git.remove("quotas");
    bed.git.push();
    expect((await bed.run.sync()).failure?.reason).toBe("RevisionEmpty");
    const { commit } = await pushed(bed);
    expect(inBare(bed, "rev-parse", `${commit}^`).trim()).toBe(bed.commit);
  });

  test("does not need the copy of the sync, and leaves nothing of a push that was cut off", async () => {
    const bed = await syncedSource(followsMain);
    await bed.run.end();
    mkdirSync(join(bed.state, "pushes/push-cut/repository"), { recursive: true });
    execFileSync("rm", ["-rf", join(bed.state, "repository")]);
    const run = await new RunningGitSource(bed.state, bed.git.bare, {
      ...followsMain,
      ref: bed.commit,
    }).first();
    const again = { ...bed, run };
    await pushed(again);
    await leavesNothing(again);
  });
});

describe("a branch that is not taken", () => {
  test.each([
    "--upload-pack=touch /tmp/ds01-hostile",
    "--receive-pack=touch /tmp/ds01-hostile",
    "refs/heads/main",
    "../x",
    "ds01/x\nrefs/heads/main",
    "x:main",
    "+main",
    "HEAD",
  ])("%j is no name", async (branch) => {
    const bed = await syncedSource(followsMain);
    expect(await refused(bed, { branch })).toMatchObject({ reason: "BranchNameInvalid" });
    expect(branches(bed)).toEqual(["main"]);
    expect(inBare(bed, "rev-parse", "main").trim()).toBe(bed.commit);
  });

  test("what is followed is refused, also by the name that the server calls HEAD", async () => {
    for (const ref of ["refs/heads/main", "HEAD"]) {
      const bed = await syncedSource({ ref, push });
      expect(await refused(bed, { branch: "main" })).toMatchObject({ reason: "BranchFollowed" });
      expect(inBare(bed, "rev-parse", "main").trim()).toBe(bed.commit);
    }
  });

  test("one that does not go on from what is in effect is left as it is", async () => {
    const bed = await syncedSource(followsMain);
    bed.git.git("checkout", "--quiet", "--orphan", "other");
    bed.git.git("commit", "--quiet", "--allow-empty", "--message", "other");
    bed.git.git("push", "--quiet", "origin", "HEAD:ds01/alice-train");
    const other = inBare(bed, "rev-parse", "ds01/alice-train");
    const error = await refused(bed);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ reason: "BranchDiverged" });
    expect(inBare(bed, "rev-parse", "ds01/alice-train")).toBe(other);
    await leavesNothing(bed);
  });

  test("one that another branch is in the way of is told of with the server's words", async () => {
    const bed = await syncedSource(followsMain);
    await pushed(bed, { branch: "ds01" });
    const error = await refused(bed);
    expect(error).toMatchObject({
      reason: "PushRejected",
      message: expect.stringContaining("'refs/heads/ds01' exists") as string,
    });
    expect(branches(bed)).toEqual(["ds01", "main"]);
  });

  test("one on which a Git that was ended has left a lock is told of as such", async () => {
    const bed = await syncedSource(followsMain);
    const lock = join(bed.git.bare, "refs/heads/ds01/alice-train.lock");
    mkdirSync(dirname(lock));
    writeFileSync(lock, "");
    const error = await refused(bed);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({
      reason: "BranchLocked",
      message: expect.stringContaining("refs/heads/ds01/alice-train.lock") as string,
    });
    rmSync(lock);
    const { commit } = await pushed(bed);
    expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(commit);
    await leavesNothing(bed);
  });

  test("a link in the place of the file or of its directory is refused", async () => {
    const bed = await syncedSource(followsMain);
    bed.git.git(
      "update-index",
      "--add",
      "--cacheinfo",
      `120000,${bed.git.git("hash-object", "-w", "README.md").trim()},users/carol`,
    );
    bed.git.git("commit", "--quiet", "--message", "link");
    bed.git.git("push", "--quiet", "origin", "HEAD:main");
    await bed.run.sync();
    expect(await refused(bed, { path: "users/carol/x.yaml" })).toMatchObject({ reason: "SymlinkNotAllowed" });
    expect(await refused(bed, { path: "users/carol" })).toMatchObject({ reason: "SymlinkNotAllowed" });
    expect(branches(bed)).toEqual(["main"]);
  });
});

describe("several at a time", () => {
  test("land one after the other on the same branch", async () => {
    const bed = await syncedSource(followsMain);
    const paths = ["train", "eval", "one", "two"].map((name) => `users/alice/${name}.yaml`);
    await Promise.all(paths.map((path) => pushed(bed, { path, by: path.includes("one") ? "bob" : "alice" })));
    expect(inBare(bed, "diff", "--name-only", "main", "ds01/alice-train").trim().split("\n")).toEqual(
      paths.toSorted(),
    );
    expect(inBare(bed, "rev-list", "--count", "main..ds01/alice-train").trim()).toBe("4");
  });

  test("of which another program's comes in between, all land", async () => {
    const bed = await syncedSource(followsMain);
    let calls = 0;
    const edit = async (before: string | undefined): Promise<string> => {
      calls += 1;
      if (calls === 1) {
        bed.git.write("users/alice/other.yaml", specText("other"));
        bed.git.git("add", "--all");
        bed.git.git("commit", "--quiet", "--message", "between");
        bed.git.git("push", "--quiet", "origin", "HEAD:ds01/alice-train");
      }
      return `# ${calls}\n${before ?? ""}`;
    };
    const { commit } = await pushed(bed, { edit });
    expect(calls).toBe(2);
    expect(inBare(bed, "log", "--format=%s", "main..ds01/alice-train").trim().split("\n")).toEqual([
      "Change container alice/train",
      "between",
    ]);
    expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(commit);
  });
});

test("a repository of this host in which others can write is not written to", async () => {
  for (const scheme of ["", "file://"]) {
    const bed = preparedRepository();
    const run = await new RunningGitSource(bed.state, `${scheme}${bed.git.bare}`, followsMain).first();
    expect(run.report().failure).toBeNull();
    const logs = join(bed.git.bare, "logs/refs/heads/ds01");
    mkdirSync(logs, { recursive: true });
    const target = join(bed.folder, "of-the-system");
    writeFileSync(target, "");
    symlinkSync(target, join(logs, "alice-train"));
    const error = await refused({ ...bed, run });
    expect(error).toBeInstanceOf(DeniedError);
    expect(error).toMatchObject({ reason: "RepositoryNotTrusted" });
    expect(readFileSync(target, "utf8")).toBe("");
    expect(branches(bed)).toEqual(["main"]);
    await leavesNothing({ ...bed, run });
  }
});

test("a repository of this host has nothing run in the controller's name", async () => {
  const bed = await syncedSource(followsMain);
  const marker = join(bed.folder, "ran");
  const hooks = join(bed.folder, "hooks");
  mkdirSync(hooks);
  const script = `#!/bin/sh\necho "$0" >>'${marker}'\n`;
  for (const folder of [hooks, join(bed.git.bare, "hooks")]) {
    for (const name of ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"]) {
      writeFileSync(join(folder, name), script, { mode: 0o755 });
    }
  }
  writeFileSync(join(bed.folder, "program"), script, { mode: 0o755 });
  const other = new GitBed(join(bed.folder, "other"));
  writeFileSync(join(bed.git.bare, "objects/info/alternates"), `${other.bare}/objects\n`);
  inBare(bed, "config", "core.hooksPath", hooks);
  inBare(bed, "config", "core.alternateRefsCommand", join(bed.folder, "program"));
  const { commit } = await pushed(bed);
  expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(commit);
  expect(existsSync(marker)).toBe(false);

  // What is missing would be fetched from another repository, by a program that the configuration names.
  inBare(bed, "config", "core.repositoryFormatVersion", "1");
  inBare(bed, "config", "extensions.partialClone", "evil");
  inBare(bed, "config", "remote.evil.promisor", "true");
  inBare(bed, "config", "remote.evil.url", other.bare);
  inBare(bed, "config", "remote.evil.uploadpack", `'${join(bed.folder, "program")}' #`);
  writeFileSync(join(bed.git.bare, "refs/heads/missing"), `${"1".repeat(40)}\n`);
  expect(await refused(bed, { branch: "ds01/other" })).toMatchObject({ reason: "PushRejected" });
  expect(existsSync(marker)).toBe(false);
});

describe("a server", () => {
  async function overHttp(): Promise<Bed & { readonly server: GitHttpServer; readonly tokenFile: string }> {
    const bed = preparedRepository();
    inBare(bed, "config", "http.receivepack", "true");
    const server = new GitHttpServer(bed.folder);
    const url = await server.listen();
    onTestFinished(() => server.close());
    server.login = "robot:s3cret";
    const tokenFile = join(bed.folder, "token");
    writeFileSync(tokenFile, "s3cret\n");
    const credentials = { tokenFile, user: "robot" };
    const settings = { ...followsMain, credentials, timeoutMs: 12_000 };
    const run = await new RunningGitSource(bed.state, `${url}/specs.git`, settings).first();
    expect(run.report().failure).toBeNull();
    return { ...bed, run, server, tokenFile };
  }

  function hook({ git }: Bed, name: string, script: string): void {
    const file = join(git.bare, "hooks", name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  test("of http takes it with the token, and what it says is shown without what steers a terminal", async () => {
    const bed = await overHttp();
    hook(
      bed,
      "post-receive",
      `printf 'Create a pull request:\\n  https://git.example.org/pulls/new\\033[2J\\r\\n\\n\\342\\200\\256evil\\n' >&2`,
    );
    const { remote, commit } = await pushed(bed);
    expect(remote).toEqual(["Create a pull request:", "  https://git.example.org/pulls/new", "evil"]);
    expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(commit);
    await leavesNothing(bed);
  });

  test("that rejects is heard with its words", async () => {
    const bed = await overHttp();
    hook(bed, "pre-receive", "echo 'only on Mondays' >&2; exit 1");
    const error = await refused(bed);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error).toMatchObject({
      reason: "PushRejected",
      message: expect.stringMatching(/pre-receive hook declined.*only on Mondays/) as string,
    });
    expect(branches(bed)).toEqual(["main"]);
    await leavesNothing(bed);
  });

  test("that lets the login read and not write says so", async () => {
    const bed = await overHttp();
    inBare(bed, "config", "http.receivepack", "false");
    const error = await refused(bed);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error).toMatchObject({ reason: "PushDenied" });
  });

  test("whose token is not taken any more, that hangs or is away, is told of in time", async () => {
    const bed = await overHttp();
    bed.server.login = "robot:other";
    const unknown = await refused(bed);
    expect(unknown).toBeInstanceOf(UnreachableError);
    expect(unknown).toMatchObject({ reason: "AuthenticationFailed" });
    bed.server.login = null;
    bed.server.mode = "hang";
    const begun = performance.now();
    const hanging = await refused(bed);
    expect(hanging).toMatchObject({ reason: "PushTimeout" });
    expect(performance.now() - begun).toBeLessThan(60_000);
    await bed.server.close();
    const away = await refused(bed);
    expect(away).toBeInstanceOf(UnreachableError);
    expect(away).toMatchObject({ reason: "SourceUnreachable" });
    expect(JSON.stringify([unknown, hanging, away])).not.toContain("s3cret");
    expect(readdirSync(join(bed.state, "pushes"))).toEqual([]);
  });

  test("of ssh takes it with the key", async () => {
    const bed = preparedRepository();
    const server = new GitSshServer(bed.folder);
    server.takesPushes = true;
    onTestFinished(() => server.stop());
    await server.start();
    const [sshKey, knownHosts] = [join(bed.folder, "key"), join(bed.folder, "known")];
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", sshKey]);
    server.authorize(readFileSync(`${sshKey}.pub`, "utf8"));
    writeFileSync(knownHosts, server.knownHosts);
    const credentials = { sshKey, knownHosts };
    const url = server.urlOf(bed.git.bare);
    const run = await new RunningGitSource(bed.state, url, { ...followsMain, credentials }).first();
    const ssh = { ...bed, run };
    const { commit } = await pushed(ssh);
    expect(inBare(bed, "rev-parse", "ds01/alice-train").trim()).toBe(commit);
    await leavesNothing(ssh);
    copyFileSync("/dev/null", knownHosts);
    expect(await refused(ssh)).toMatchObject({ reason: "HostKeyUnknown" });
  });
});
