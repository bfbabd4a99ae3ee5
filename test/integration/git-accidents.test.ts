import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findProgram } from "../bed/requirements.ts";
import { waitFor } from "../bed/wait-for.ts";
import { GitHttpServer } from "../support/git-http-server.ts";
import { GitBed, specText } from "../support/git-repository.ts";
import {
  everything,
  preparedRepository,
  RunningGitSource,
  syncedSource,
  type GitSourceBed,
} from "../support/running-git-source.ts";

/** Asks the server again and again, so that what recovers does so by itself. */
const often = { intervalMs: 200, timeoutMs: 60_000 };

type FollowedBed = GitSourceBed & { readonly run: RunningGitSource };

function edit({ git }: GitSourceBed, version: number): void {
  git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
}

/** That a failure is told for `reason`, and what was in effect stays so. */
async function fails({ run, commit }: FollowedBed, reason: string): Promise<void> {
  await waitFor(`${reason} to show`, () => run.report().failure?.reason === reason);
  expect(run.report().appliedRevision).toBe(commit);
  expect(run.paths()).toEqual(everything);
  expect(run.sink.events.filter((event) => event !== "upsert users/alice/train.yaml")).toEqual([]);
  expect(run.sink.texts.get("users/alice/train.yaml")?.text).toContain("bed/base:1");
  expect(run.sink.outages).toEqual([]);
}

/** That a commit comes into effect, and nobody had to ask for it. */
async function recovers({ run }: FollowedBed, commit: string): Promise<void> {
  await waitFor("recovery", () => run.report().appliedRevision === commit && run.report().failure === null);
}

async function followed(bed: GitSourceBed, url = bed.git.bare): Promise<FollowedBed> {
  const run = await new RunningGitSource(bed.state, url, often).first();
  expect(run.report()).toMatchObject({ failure: null, appliedRevision: bed.commit });
  run.sink.events.length = 0;
  return { ...bed, run };
}

async function overHttp(bed: GitSourceBed): Promise<{ server: GitHttpServer; url: string }> {
  const server = new GitHttpServer(bed.folder);
  const url = `${await server.listen()}/specs.git`;
  onTestFinished(() => server.close());
  return { server, url };
}

describe("a disk that is full", () => {
  // So much is left that nothing can be fetched, or that what was fetched cannot be written out.
  test.each([0, 1300])(
    "with %d KiB left changes nothing, and all goes on when there is space",
    async (leftKiB) => {
      const bed = preparedRepository();
      mkdirSync(bed.state);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "ds01-git", bed.state]);
      onTestFinished(() => void execFileSync("umount", ["--lazy", bed.state]));
      const source = await followed(bed);
      const filler = join(bed.state, "filler");
      execFileSync("sh", ["-c", 'cat /dev/zero >"$0" 2>/dev/null || true', filler]);
      if (leftKiB > 0) {
        const size = Number(execFileSync("stat", ["-c", "%s", filler], { encoding: "utf8" }));
        truncateSync(filler, size - leftKiB * 1024);
      }

      edit(bed, 2);
      bed.git.write("data.bin", randomBytes(1024 ** 2));
      const pushed = bed.git.push();
      await fails(source, "SourceDiskFull");
      rmSync(filler);
      await recovers(source, pushed);
      expect(source.run.sink.events).toEqual(["upsert users/alice/train.yaml"]);
    },
  );
});

test("files that cannot be written for another reason are told of as that, and written when they can be", async () => {
  const bed = preparedRepository();
  const source = await followed(bed);
  const programs = join(bed.folder, "programs");
  mkdirSync(programs);
  // Git names no cause here, whichever it is: this one is a limit on the size of files.
  const limit = `case " $* " in *" read-tree "*) trap "" XFSZ; ulimit -f 1;; esac`;
  const script = `#!/bin/sh\n${limit}\nexec ${findProgram("git") ?? ""} "$@"\n`;
  writeFileSync(join(programs, "git"), script, { mode: 0o755 });
  const path = process.env["PATH"] ?? "";
  const restore = (): void => void (process.env["PATH"] = path);
  process.env["PATH"] = `${programs}:${path}`;
  onTestFinished(restore);

  edit(bed, 2);
  bed.git.write("data.bin", randomBytes(20_000));
  const pushed = bed.git.push();
  await fails(source, "SyncFailed");
  expect(source.run.report().failure?.message).toContain("data.bin");
  restore();
  await recovers(source, pushed);
});

test("a copy that is damaged while the server is away costs nothing but time", async () => {
  const bed = preparedRepository();
  const source = await followed(bed);
  bed.git.hide();
  await fails(source, "RepositoryNotFound");
  const packs = join(bed.state, "repository/objects/pack");
  for (const name of readdirSync(packs)) {
    chmodSync(join(packs, name), 0o644);
    truncateSync(join(packs, name), 20);
  }
  const { length } = source.run.sink.reports;
  await waitFor("more attempts", () => source.run.sink.reports.length > length + 2);
  await fails(source, "RepositoryNotFound");
  bed.git.hide();
  edit(bed, 2);
  await recovers(source, bed.git.push());
});

test("a repository that was made anew and is empty changes nothing", async () => {
  const bed = preparedRepository();
  const source = await followed(bed);
  rmSync(bed.git.bare, { recursive: true });
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", bed.git.bare]);
  await fails(source, "RevisionNotFound");
  edit(bed, 2);
  await recovers(source, bed.git.push());
});

test("a kill -9 in the midst of a fetch leaves the old revision, and the next start gets the new one", async () => {
  const bed = preparedRepository();
  const { server, url } = await overHttp(bed);
  const source = await followed(bed, url);
  await source.run.end();
  edit(bed, 2);
  bed.git.write("data.bin", randomBytes(200_000));
  const pushed = bed.git.push();
  server.mode = "hangInPack";
  const program = join(import.meta.dirname, "git-source-writer.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program, bed.state, url, "never"], {
    stdio: "inherit",
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const unfinished = (): boolean =>
    readdirSync(join(bed.state, "repository"), { recursive: true, encoding: "utf8" }).some((name) =>
      /tmp_pack|\.lock$/.test(name),
    );
  await waitFor("the pack to come in", unfinished);
  child.kill("SIGKILL");
  await exited;

  const away = await new RunningGitSource(bed.state, `${url}-away`).first();
  expect(away.report().appliedRevision).toBe(bed.commit);
  expect(away.paths()).toEqual(everything);
  await away.end();
  server.mode = "serve";
  const again = await new RunningGitSource(bed.state, url, often).first();
  await recovers({ ...bed, run: again }, pushed);
});

describe("what could lead elsewhere leads nowhere", () => {
  test.each([
    ["file", (folder: string) => `file://${folder}/secret.git`],
    ["a program", (folder: string) => `ext::sh -c touch% ${folder}/run`],
    ["another transport", () => "git://127.0.0.1:1/specs.git"],
  ])("a server that sends on to %s is not followed", async (_what, target) => {
    const bed = preparedRepository();
    const secret = new GitBed(join(bed.folder, "other"));
    secret.write("users/mallory/secret.yaml", specText("secret"));
    secret.push();
    const { server, url } = await overHttp(bed);
    const source = await followed(bed, url);
    server.redirect = target(join(bed.folder, "other"));
    edit(bed, 2);
    const pushed = bed.git.push();
    await fails(source, "SourceUnreachable");
    expect(existsSync(join(bed.folder, "other", "run"))).toBe(false);
    server.redirect = null;
    await recovers(source, pushed);
  });

  test("submodules are not fetched, from wherever", async () => {
    const { git, run, folder, state } = await syncedSource();
    const secret = new GitBed(join(folder, "other"));
    secret.write("users/mallory/secret.yaml", specText("secret"));
    const commit = secret.push();
    const modules = [
      ["users/carol", `file://${secret.bare}`],
      ["vendor/a", secret.bare],
      ["vendor/b", "https://127.0.0.1:1/specs.git"],
    ] as const;
    const lines = modules.map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`);
    git.write(".gitmodules", lines.join(""));
    git.git("add", ".gitmodules");
    for (const [path] of modules) {
      git.git("update-index", "--add", "--cacheinfo", `160000,${commit},${path}`);
    }
    git.git("commit", "--quiet", "-m", "submodules");
    git.git("push", "--quiet", "origin", "HEAD:main");

    expect((await run.sync()).failure).toBeNull();
    expect([...run.sink.refusals.keys()]).toEqual(["users/carol"]);
    expect(run.paths()).toEqual(everything);
    const names = readdirSync(join(state, "current/"), { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => /secret|carol|vendor/.test(name))).toEqual([]);
  });

  test.each([
    ["a submodule that runs a program", '[submodule "x"]\n\tpath = x\n\turl = "-u./run"\n'],
    ["a submodule out of the tree", '[submodule "../../x"]\n\tpath = x\n\turl = https://example.org/x\n'],
  ])("%s costs the revision, and the next one is taken", async (_what, text) => {
    const bed = preparedRepository();
    const source = await followed(bed);
    bed.git.write(".gitmodules", text);
    bed.git.push();
    await fails(source, "RevisionMalformed");
    bed.git.remove(".gitmodules");
    edit(bed, 2);
    await recovers(source, bed.git.push());
  });
});
