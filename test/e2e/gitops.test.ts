import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed } from "../support/git-repository.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("a Git repository as the truth", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-gitops-"));
  let git: GitBed;
  let host: Host;

  beforeAll(async () => {
    git = new GitBed(folder);
    for (const name of ["train", "eval", "serve", "watch", "more"]) {
      git.write(`users/alice/${name}.yaml`, containerSpec(name));
    }
    git.push();
    const source = `{ url: ${git.bare}, ref: main, interval: 1s }`;
    host = await startHost({
      name: "gitops",
      configuration: `sources:\n  - name: lab\n    git: ${source}\n`,
    });
    await host.waitForReady("alice/train");
  });

  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const head = (): string => git.git("rev-parse", "HEAD").trim();
  const idOf = async (name: string): Promise<string> => (await host.dockerInspect(`alice/${name}`)).Id;

  it("must run what is pushed within the interval and two seconds, and say from which commit", async () => {
    // How long it takes this machine when it is told to look, which may be busy.
    git.write("users/alice/told.yaml", containerSpec("told"));
    git.push();
    const toldAt = performance.now();
    expect(await host.ds01("sync", "now")).toMatchObject({ code: 0 });
    await host.waitForReady("alice/told");
    const ownMs = performance.now() - toldAt;

    const before = (await host.container("alice/train"))?.status.source.revision;
    git.write("users/alice/new.yaml", containerSpec("new"));
    const commit = git.push();
    const pushedAt = performance.now();
    await host.waitForReady("alice/new");
    expect(performance.now() - pushedAt).toBeLessThan(1000 + 2000 + 2 * ownMs);

    expect((await host.container("alice/new"))?.status.source).toEqual({
      name: "lab",
      path: "users/alice/new.yaml",
      revision: commit,
    });
    expect((await host.container("alice/train"))?.status.source.revision).toBe(before);
    const { stdout } = await host.ds01("get", "sources");
    expect(stdout).toMatch(/^NAME +TYPE +REF +APPLIED +AGE +NEWEST +ATTEMPT +STATUS\n/);
    expect(stdout).toMatch(
      new RegExp(
        `^lab +git +main +${commit.slice(0, 12)} +\\d+[sm] +${commit.slice(0, 12)} +\\d+[sm] +Synced`,
        "m",
      ),
    );
    const described = (await host.ds01("describe", "source", "lab")).stdout;
    expect(described).toContain(`SourceSynced`);
    expect(described).toContain(`${commit} of main is in effect`);
  });

  it("must hold back a file with a mistake alone, at its line, and take its correction", async () => {
    const id = await idOf("train");
    git.write(
      "users/alice/train.yaml",
      containerSpec("train", { resources: { memory: "32Mi" } }).replace("resources:", "resorces:"),
    );
    git.write("users/alice/eval.yaml", containerSpec("eval", { desiredState: "Stopped" }));
    git.push();
    const object = await host.waitForObject(
      "alice/train",
      "not accepted",
      (now) => conditionOf(now, "Accepted")?.status === "False",
    );
    expect(conditionOf(object, "Accepted")?.message).toMatch(
      /users\/alice\/train\.yaml:\d+:\d+: .*did you mean "resources"/,
    );
    await host.waitForObject(
      "alice/eval",
      "stopped",
      (now) => conditionOf(now, "Ready")?.reason === "SpecStopped",
    );
    expect(await idOf("train")).toBe(id);

    git.git("revert", "--no-edit", "HEAD");
    git.push();
    await host.waitForReady("alice/eval");
    await host.waitForObject(
      "alice/train",
      "accepted",
      (now) => conditionOf(now, "Accepted")?.status === "True",
    );
    expect(await idOf("train")).toBe(id);
  });

  it("must leave everything alone when everything is removed, and say so", async () => {
    const ids = await Promise.all(["train", "eval", "serve"].map(idOf));
    const before = head();
    git.remove("users");
    git.push();
    const { code, stderr } = await host.ds01("sync", "now");
    expect(code).toBe(1);
    expect(stderr).toContain("RevisionEmpty");
    expect((await host.ds01("get", "sources")).stdout).toMatch(/RevisionEmpty/);
    expect(await Promise.all(["train", "eval", "serve"].map(idOf))).toEqual(ids);

    git.git("reset", "--quiet", "--hard", before);
    const mended = git.push();
    expect((await host.ds01("sync", "now", "lab")).stdout).toBe(`lab at ${mended.slice(0, 12)}\n`);
    expect(await Promise.all(["train", "eval", "serve"].map(idOf))).toEqual(ids);
  });

  it("must hold back the removal of many, and bring back with a revert what one commit has removed", async () => {
    const id = await idOf("train");
    for (const name of ["train", "eval", "serve", "watch"]) git.remove(`users/alice/${name}.yaml`);
    git.push();
    await host.waitForObject(
      "alice/train",
      "held back",
      (now) => conditionOf(now, "PruneBlocked")?.status === "True",
    );
    git.git("revert", "--no-edit", "HEAD");
    git.push();
    await host.waitForObject(
      "alice/train",
      "free again",
      (now) => conditionOf(now, "PruneBlocked") === undefined,
    );
    expect(await idOf("train")).toBe(id);

    git.remove("users/alice/new.yaml");
    git.push();
    await host.waitUntilGone("alice/new");
    git.git("revert", "--no-edit", "HEAD");
    git.push();
    await host.waitForReady("alice/new");
  });

  it("must take nothing newer of a source that is suspended, and say so, until it is resumed", async () => {
    const before = head();
    const suspended = await host.ds01("suspend", "source", "lab", "--reason", "the server moves");
    expect(suspended.stdout).toBe("source/lab suspended\n");
    git.write("users/alice/late.yaml", containerSpec("late"));
    const commit = git.push();
    for (const line of [
      ["sync", "now"],
      ["sync", "now", "lab"],
    ]) {
      const { code, stderr } = await host.ds01(...line);
      expect(code, stderr).toBe(1);
      expect(stderr).toMatch(/suspended by .*: the server moves; .*ds01 resume source lab/);
    }
    await host.restartController();
    await host.waitForReady("alice/train");
    await expect
      .poll(async () => (await host.ds01("get", "sources")).stdout)
      .toMatch(new RegExp(`^lab +git +main +${before.slice(0, 12)} .*Suspended`, "m"));
    const described = (await host.ds01("describe", "source", "lab")).stdout;
    expect(described).toMatch(/Suspended: +\d{4}-.* ago, by \w+/);
    expect(described).toContain("SourceSuspended");

    expect((await host.ds01("resume", "source/lab")).stdout).toBe("source/lab resumed\n");
    await host.waitForReady("alice/late");
    expect((await host.ds01("sync", "now")).stdout).toBe(`lab at ${commit.slice(0, 12)}\n`);
  });

  it("must let go what was held back by the revision that was looked at, and by no earlier one", async () => {
    for (const name of ["one", "two", "three", "four"])
      git.write(`users/alice/${name}.yaml`, containerSpec(name));
    git.push();
    for (const name of ["one", "two", "three", "four"]) await host.waitForReady(`alice/${name}`);
    const heldBackAt = async (commit: string): Promise<string> =>
      waitFor(`what ${commit} removes to be held back`, async () => {
        const { stdout } = await host.ds01("prune");
        return stdout.includes(`ds01 prune --confirm ${commit.slice(0, 12)}`) && stdout;
      });
    for (const name of ["one", "two", "three", "four"]) git.remove(`users/alice/${name}.yaml`);
    const first = git.push();
    await heldBackAt(first);
    git.remove("users/alice/watch.yaml");
    const second = git.push();
    expect(await heldBackAt(second)).toContain("  alice/watch\n");

    const refused = await host.ds01("prune", "--confirm", first);
    expect(refused.code, refused.stderr).toBe(4);
    expect(refused.stderr).toContain(second.slice(0, 12));
    expect(refused.stderr).toContain("alice/watch");
    expect(await host.container("alice/one")).toBeDefined();

    expect(await host.ds01("prune", "--confirm", second)).toMatchObject({ code: 0 });
    await host.waitUntilGone(["one", "two", "three", "four", "watch"].map((name) => `alice/${name}`));
    expect((await host.container("alice/train"))?.status.phase).toBe("Running");
  });

  it("must refuse changes at the machine with the file to change", async () => {
    for (const line of [
      ["stop", "train"],
      ["delete", "container", "train"],
    ]) {
      const { code, stderr } = await host.ds01(...line);
      expect(code, stderr).toBe(3);
      expect(stderr).toContain(`change users/alice/train.yaml in ${git.bare} (main)`);
    }
    const applied = await host.ds01With({ stdin: containerSpec("other") }, "apply", "-f", "-");
    expect(applied.code, applied.stderr).toBe(3);
    expect(applied.stderr).toContain(`change users/alice/other.yaml in ${git.bare} (main)`);
  });

  it("must change nothing when the controller is restarted while the server is away", async () => {
    const id = await idOf("train");
    host.proxy.clear();
    await host.restartController(() => git.hide());
    await host.waitForReady("alice/train");
    await waitFor("the failure to show", async () =>
      (await host.ds01("get", "sources")).stdout.includes("RepositoryNotFound"),
    );
    expect(host.proxy.mutations()).toEqual([]);
    expect(await idOf("train")).toBe(id);
    git.hide();
    await waitFor("recovery", async () => (await host.ds01("get", "sources")).stdout.includes("Synced"));
  });
});
