import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { filesWritten } from "../support/files-written.ts";
import { specText, type GitBed } from "../support/git-repository.ts";
import { HeldGit } from "../support/held-git.ts";
import { preparedRepository, RunningGitSource, syncedSource } from "../support/running-git-source.ts";

function change(git: GitBed, version: number): string {
  git.write("users/alice/train.yaml", specText("train", `bed/base:${version}`));
  return git.push();
}

function unfinished(state: string): readonly string[] {
  return ["worktrees", "indexes"].flatMap((place) =>
    readdirSync(join(state, place), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.includes(".tmp"),
    ),
  );
}

describe("the files that are made ready for the next revision", () => {
  const ofTheNext = 'case "$GIT_WORK_TREE $*" in *spare*read-tree*) true;; *) false;; esac';

  test("keep neither the report nor a sync waiting, and the next revision is made from them", async () => {
    const { git, folder, state } = preparedRepository();
    const held = new HeldGit(folder, ofTheNext);
    const run = await new RunningGitSource(state, git.bare).first();
    expect(run.report().failure).toBeNull();
    await held.begun();
    expect((await run.sync()).failure).toBeNull();
    expect(unfinished(state)).not.toEqual([]);

    const written = filesWritten(state);
    const second = change(git, 2);
    const synced = run.sync();
    held.letGo();
    expect(await synced).toMatchObject({ failure: null, appliedRevision: second });
    // It has waited for them, and has taken them.
    expect(run.log.lines).toEqual([]);
    expect(written()).toContain("users/alice/train.yaml");
    expect(readdirSync(join(state, "worktrees"))).not.toContain("spare");
    expect(unfinished(state)).toEqual([]);
  });

  test.each(["ends", "is suspended"])("are given up when the source %s", async (how) => {
    const { git, folder, state } = preparedRepository();
    const held = new HeldGit(folder, ofTheNext);
    const run = await new RunningGitSource(state, git.bare).first();
    await held.begun();
    await (how === "ends" ? run.end() : run.source.setSuspended?.(true));
    expect(unfinished(state)).toEqual([]);
    expect(readdirSync(join(state, "worktrees"))).not.toContain("spare");
    held.letGo();
    if (how !== "ends") return;
    const second = change(git, 2);
    const again = await new RunningGitSource(state, git.bare).first();
    expect(again.report()).toMatchObject({ failure: null, appliedRevision: second });
  });
});

describe("a look at the history", () => {
  const ofHistory = 'case "$GIT_DIR" in */history/*) true;; *) false;; esac';
  const rewrittenFrom = ({ sink }: RunningGitSource): readonly (string | undefined)[] =>
    sink.reports.flatMap((report) => report.rewrittenFrom ?? []);

  async function rewritten() {
    const bed = await syncedSource();
    const { git, folder, run, commit } = bed;
    const held = new HeldGit(folder, ofHistory);
    git.git("checkout", "--quiet", "--orphan", "other");
    const newer = change(git, 2);
    expect(await run.sync()).toMatchObject({ failure: null, appliedRevision: newer });
    await held.begun();
    expect(rewrittenFrom(run)).toEqual([]);
    return { ...bed, held, older: commit, newer };
  }

  test("keeps nobody waiting, and is begun anew after a sync meanwhile", async () => {
    const { run, held, older, newer } = await rewritten();
    await run.source.rescan();
    await run.sync();
    await held.begun();
    expect(rewrittenFrom(run)).toEqual([]);
    held.letGo();
    await waitFor("what it comes to", () => rewrittenFrom(run).length > 0);
    expect(run.report()).toMatchObject({ failure: null, appliedRevision: newer, rewrittenFrom: older });
  });

  test("goes back to where the last one began that was not ended", async () => {
    const { git, run, held, older } = await rewritten();
    const newest = change(git, 3);
    expect((await run.sync()).appliedRevision).toBe(newest);
    await held.begun();
    held.letGo();
    await waitFor("what it comes to", () => rewrittenFrom(run).length > 0);
    expect(run.report()).toMatchObject({ appliedRevision: newest, rewrittenFrom: older });
  });

  test("is not needed where what was in effect is so again", async () => {
    const { git, run, held, older } = await rewritten();
    git.git("push", "--quiet", "--force", "origin", `${older}:main`);
    expect((await run.sync()).appliedRevision).toBe(older);
    held.letGo();
    git.git("checkout", "--quiet", "main");
    change(git, 4);
    await run.sync();
    await run.end();
    expect(rewrittenFrom(run)).toEqual([]);
  });

  test.each(["ends", "is suspended"])("is given up when the source %s", async (how) => {
    const { run, state, held } = await rewritten();
    await (how === "ends" ? run.end() : run.source.setSuspended?.(true));
    held.letGo();
    await run.end();
    expect(rewrittenFrom(run)).toEqual([]);
    expect(readdirSync(state)).not.toContain("history");
  });
});
