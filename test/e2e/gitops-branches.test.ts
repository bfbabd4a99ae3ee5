import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed } from "../support/git-repository.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const branch = "ds01/alice-train";

describe("at the machine, where a Git repository is the truth", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-branches-"));
  let git: GitBed;
  let host: Host;

  beforeAll(async () => {
    git = new GitBed(folder);
    git.write("users/alice/train.yaml", `# the best model\n${containerSpec("train")}`);
    git.write("users/alice/eval.yaml", containerSpec("eval"));
    git.push();
    const source = `{ url: ${git.bare}, ref: main, interval: 1s, push: { branches: ["ds01/*"] } }`;
    host = await startHost({
      name: "branches",
      configuration: `sources:\n  - name: lab\n    git: ${source}\n`,
    });
    await host.waitForReady("alice/train");
    await host.waitForReady("alice/eval");
  });

  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const idOf = async (name: string): Promise<string> => (await host.dockerInspect(`alice/${name}`)).Id;
  const merge = (): string => {
    git.git("fetch", "--quiet", "origin");
    git.git("merge", "--quiet", "--no-ff", "--message", "merge", `origin/${branch}`);
    return git.push();
  };

  it("must push a change for review, leave what runs alone, and take it once it is merged", async () => {
    const ids = [await idOf("train"), await idOf("eval")];
    host.proxy.clear();
    const { code, stdout, stderr } = await host.ds01("stop", "train", "--branch", branch);
    expect(code, stderr).toBe(0);
    expect(stderr).toBe("It is in effect once it is merged.\n");
    const commit = git.git("ls-remote", "origin", `refs/heads/${branch}`).slice(0, 40);
    expect(stdout).toBe(`branch ${branch} pushed (${commit.slice(0, 7)}): users/alice/train.yaml\n`);
    git.git("fetch", "--quiet", "origin");
    expect(git.git("log", "--format=%s", `origin/main..${commit}`).trim()).toBe(
      "Declare container alice/train Stopped",
    );
    expect(git.git("diff", "--name-only", "origin/main", commit).trim()).toBe("users/alice/train.yaml");
    expect(git.git("show", `${commit}:users/alice/train.yaml`)).toMatch(
      /^# the best model\n[^]*desiredState: Stopped/,
    );

    expect(await host.ds01("sync", "now")).toMatchObject({ code: 0 });
    expect([await idOf("train"), await idOf("eval")]).toEqual(ids);
    expect((await host.container("alice/train"))?.status.phase).toBe("Running");
    expect(host.proxy.mutations()).toEqual([]);
    expect((await host.waitForEvent("alice/train", "BranchPushed")).message).toContain(branch);
    expect((await host.ds01("describe", "container", "train")).stdout).toContain("BranchPushed");
    await expect.poll(() => readdirSync(join(host.directory, "state/sources/lab/pushes"))).toEqual([]);

    const merged = merge();
    await host.waitForObject(
      "alice/train",
      "stopped",
      (now) => conditionOf(now, "Ready")?.reason === "SpecStopped",
    );
    expect(await idOf("eval")).toBe(ids[1]);
    expect((await host.container("alice/train"))?.status.source.revision).toBe(merged);
  });

  it("must go on from a branch that was merged, make what is new, and remove what is there", async () => {
    for (const line of [
      ["start", "train"],
      ["delete", "container", "eval"],
    ]) {
      const { code, stderr } = await host.ds01(...line, "--branch", branch);
      expect(code, stderr).toBe(0);
    }
    const given = { stdin: containerSpec("fresh") };
    const applied = await host.ds01With(given, "apply", "-f", "-", "--branch", branch);
    expect(applied.code, applied.stderr).toBe(0);
    merge();
    await host.waitForReady("alice/train");
    await host.waitForReady("alice/fresh");
    await host.waitUntilGone("alice/eval");
  });

  it("must refuse what is followed, what is no branch, and what ds01 would not take", async () => {
    const before = git.git("ls-remote", "origin");
    for (const [name, code, words] of [
      ["main", 3, "PushNotAllowed|takes no pushes to main"],
      ["refs/heads/main", 2, "no name of a branch"],
      ["--upload-pack=touch /tmp/ds01-hostile", 2, "no name of a branch"],
    ] as const) {
      const outcome = await host.ds01("stop", "train", `--branch=${name}`);
      expect(outcome.code, outcome.stderr).toBe(code);
      expect(outcome.stderr).toMatch(new RegExp(words));
    }
    const given = { stdin: containerSpec("train", { user: "root" }) };
    const refused = await host.ds01With(given, "apply", "-f", "-", "--branch", "ds01/root");
    expect(refused.code, refused.stderr).toBe(3);
    expect(git.git("ls-remote", "origin")).toBe(before);
  });

  it("must stop for a while what Git declares, show it everywhere, and go on over revisions and restarts", async () => {
    const stopped = await host.ds01("stop", "train", "--override", "2h", "--reason", "a talk");
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(stopped.stdout).toMatch(/^container\/train stopping \(override until \d{4}-.*\)\n$/);
    await host.waitForPhase("alice/train", "Stopped");
    git.write("users/alice/other.yaml", containerSpec("other"));
    git.push();
    await host.waitForReady("alice/other");
    await host.restartController();
    await host.waitForReady("alice/other");

    const object = await host.container("alice/train");
    expect(object?.status).toMatchObject({
      phase: "Stopped",
      reason: "StopOverride",
      override: { desiredState: "Stopped", reason: "a talk" },
    });
    expect((await host.ds01("get", "containers")).stdout).toMatch(/^train .*Stopped.*StopOverride/m);
    const described = (await host.ds01("describe", "container", "train")).stdout;
    expect(described).toMatch(/overrid/i);
    expect(described).toContain("a talk");
    await expect.poll(async () => (await host.ds01("get", "sources")).stdout).toMatch(/^lab .*Synced/m);
    expect((await host.ds01("describe", "source", "lab")).stdout).toContain("is in effect");

    expect(await host.ds01("start", "train")).toMatchObject({ code: 0 });
    await host.waitForReady("alice/train");
    await waitFor("the override to be gone", async () => {
      const now = await host.container("alice/train");
      return now !== undefined && !("override" in now.status);
    });
  });
});
