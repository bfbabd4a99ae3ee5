import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed } from "../support/git-repository.ts";
import { conditionOf, requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** More than three go at once only when somebody confirms. */
const names = ["one", "two", "three", "four"];

describe("a commit that removes what runs on GPUs, and its revert", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-gitops-revert-"));
  let git: GitBed;
  let host: Host;

  beforeAll(async () => {
    git = new GitBed(folder);
    git.write("users/alice/plain.yaml", containerSpec("plain"));
    git.push();
    host = await startHost({
      name: "gitops-revert",
      nvidia: "5xA100-80GB",
      configuration: `sources:\n  - name: lab\n    git: { url: ${git.bare}, ref: main, interval: 1s }\n`,
    });
    await host.waitForReady("alice/plain");
    // One by one, so that none has its GPU by its place in the file tree.
    for (const name of ["four", "two", "one", "three"]) await declare(name);
  });

  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function declare(name: string): Promise<void> {
    const spec = { gpus: { count: 1 }, stopGracePeriod: "1s", lifecycle: { holdGpuAfterStop: "0s" } };
    git.write(`users/alice/${name}.yaml`, containerSpec(name, spec));
    git.push();
    await host.waitForReady(`alice/${name}`);
  }

  /** The GPU that Docker was asked for. */
  const gpuOf = async (name: string): Promise<string> =>
    requestedDevices(await host.dockerInspect(`alice/${name}`)).join();
  const gpusOf = async (of: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(await Promise.all(of.map(async (name) => [name, await gpuOf(name)] as const)));
  const remove = (of: readonly string[]): string => {
    for (const name of of) git.remove(`users/alice/${name}.yaml`);
    return git.push();
  };
  const revert = (commit: string): void => {
    git.git("revert", "--no-edit", commit);
    git.push();
  };

  it("must remove one container, and make it anew on the GPU that it had", async () => {
    const before = await gpusOf(names);
    expect(new Set(Object.values(before)).size).toBe(names.length);
    const { Id } = await host.dockerInspect("alice/two");
    const removal = remove(["two"]);
    await host.waitUntilGone("alice/two");
    revert(removal);
    await host.waitForReady("alice/two");
    expect((await host.dockerInspect("alice/two")).Id).not.toBe(Id);
    expect(await gpusOf(names)).toEqual(before);
  });

  it("must not touch what a revert brings back before anybody has confirmed its removal", async () => {
    const before = await host.dockerInspect("alice/four");
    const removal = remove(names);
    await host.waitForObject(
      "alice/four",
      "held back",
      (now) => conditionOf(now, "PruneBlocked")?.status === "True",
    );
    host.proxy.clear();
    revert(removal);
    await host.waitForObject(
      "alice/four",
      "free again",
      (now) => conditionOf(now, "PruneBlocked") === undefined,
    );
    expect(host.proxy.mutations()).toEqual([]);
    expect((await host.dockerInspect("alice/four")).State.StartedAt).toBe(before.State.StartedAt);
  });

  it("must remove many when that is confirmed, and give each its GPU again", async () => {
    const before = await gpusOf(names);
    const removal = remove(names);
    await waitFor("what it removes to be held back", async () =>
      (await host.ds01("prune")).stdout.includes(`--confirm ${removal.slice(0, 12)}`),
    );
    expect((await host.container("alice/one"))?.status.phase).toBe("Running");
    expect(await host.ds01("prune", "--confirm", removal)).toMatchObject({ code: 0 });
    await host.waitUntilGone(names.map((name) => `alice/${name}`));
    revert(removal);
    for (const name of names) await host.waitForReady(`alice/${name}`);
    expect(await gpusOf(names)).toEqual(before);
  });

  it("must make it anew on another GPU where somebody has the one that it had", async () => {
    const before = await gpusOf(names);
    const removal = remove(["two"]);
    await host.waitUntilGone("alice/two");
    await declare("other");
    const taken = await gpuOf("other");
    expect(taken).toBe(before["two"]);
    revert(removal);
    await host.waitForReady("alice/two");
    expect(Object.values(before)).not.toContain(await gpuOf("two"));
  });
});
