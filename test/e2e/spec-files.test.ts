import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** Longer than a vanished file is waited for. */
const beyondGraceMs = 4500;

describe("spec files", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "files" });
  });

  beforeEach(async () => {
    host.drop("users/alice/train.yaml", containerSpec("train"));
    await host.waitForReady("alice/train");
    host.proxy.clear();
  });

  afterEach(async () => {
    if ((await host.container("alice/train")) !== undefined) await host.remove("alice/train");
  });

  afterAll(async () => host.stop());

  const idOf = async (key: string): Promise<string> => (await host.dockerInspect(key)).Id;

  it("must keep the last good version running under a typo, say where it is, and follow the correction", async () => {
    const id = await idOf("alice/train");
    const good = containerSpec("train", { resources: { memory: "32Mi" } });
    host.drop("users/alice/train.yaml", good.replace("resources:", "resorces:"));
    const object = await host.waitForObject(
      "alice/train",
      "not accepted",
      (now) => conditionOf(now, "Accepted")?.status === "False",
    );
    const accepted = conditionOf(object, "Accepted");
    expect(accepted).toMatchObject({ reason: "SpecInvalid" });
    const line = good.split("\n").findIndex((text) => text.includes("resources:")) + 1;
    expect(accepted?.message).toContain(`users/alice/train.yaml:${line}:3: spec.resorces: unknown field`);
    expect(accepted?.message).toContain('did you mean "resources"?');
    expect(object).toMatchObject({ metadata: { generation: 1 }, status: { phase: "Running" } });
    expect(conditionOf(object, "Ready")?.status).toBe("True");
    expect((await host.ds01("get", "containers")).stdout).toMatch(/^train +Running .*SpecInvalid/m);
    expect((await host.ds01("describe", "container", "train")).stdout).toContain(`train.yaml:${line}:3`);
    expect(host.proxy.mutations()).toEqual([]);
    expect(await idOf("alice/train")).toBe(id);

    host.drop("users/alice/train.yaml", good);
    const applied = await host.waitForObject(
      "alice/train",
      "at generation 2",
      ({ metadata, status }) =>
        [metadata.generation, status.observedGeneration].join() === "2,2" && status.phase === "Running",
    );
    expect(conditionOf(applied, "Accepted")?.status).toBe("True");
    await waitFor(
      "the new limit",
      async () => (await host.dockerInspect("alice/train")).HostConfig.Memory === 32 * 1024 ** 2,
    );
  });

  it("must list and describe a file that never parsed, by its path, until it is corrected", async () => {
    host.drop(
      "users/alice/broken.yaml",
      "apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nspec: {image: [\n",
    );
    const object = await host.waitForPhase("alice/broken", "Failed");
    expect(object.status).toMatchObject({
      reason: "SpecInvalid",
      source: { path: "users/alice/broken.yaml" },
    });
    expect((await host.ds01("get", "containers")).stdout).toMatch(/^broken +Failed .*SpecInvalid/m);
    const described = await host.ds01("describe", "container/broken");
    expect(described).toMatchObject({ code: 0 });
    expect(described.stdout).toMatch(/users\/alice\/broken\.yaml:\d+:\d+/);
    expect(await host.containersOf("alice/broken")).toEqual([]);

    host.drop("users/alice/broken.yaml", containerSpec("broken"));
    await host.waitForReady("alice/broken");
    await host.remove("alice/broken");
  });

  it("must remove the container of a deleted file, after the grace and not before", async () => {
    const deletedAt = Date.now();
    host.removeFile("users/alice/train.yaml");
    await host.waitUntilGone("alice/train");
    expect(Date.now() - deletedAt).toBeGreaterThan(3000);
    // That nothing is left is told when it is so.
    const events = async (): Promise<readonly string[]> =>
      (await host.events("alice/train")).map(({ reason }) => reason);
    await expect
      .poll(events)
      .toEqual(expect.arrayContaining(["SpecDeleted", "Stopping", "Removing", "Deleted"]));
  });

  it("must do nothing when an editor saves by moving the file away and writing a new one", async () => {
    const id = await idOf("alice/train");
    const path = join(host.specs, "users/alice/train.yaml");
    const text = host.read("users/alice/train.yaml");
    for (let save = 0; save < 5; save += 1) {
      renameSync(path, `${path}~`);
      writeFileSync(path, text);
    }
    renameSync(path, `${path}~`);
    await holdsFor(1500, async () => expect(host.proxy.mutations()).toEqual([]));
    writeFileSync(path, text);
    await holdsFor(beyondGraceMs, async () => expect(host.proxy.mutations()).toEqual([]));
    expect(await idOf("alice/train")).toBe(id);
    expect(await host.container("alice/train")).toMatchObject({ metadata: { generation: 1 } });
  });

  it("must do nothing when a file moves to another place of its user", async () => {
    host.drop("users/alice/projects/vision/train.yaml", host.read("users/alice/train.yaml"));
    host.removeFile("users/alice/train.yaml");
    await host.waitForObject(
      "alice/train",
      "at its new place",
      ({ status }) =>
        status.source.path === "users/alice/projects/vision/train.yaml" && status.reason === undefined,
    );
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
  });

  it("must freeze while the specs directory is away, and do nothing when it is back", async () => {
    const id = await idOf("alice/train");
    const away = `${host.specs}.away`;
    renameSync(host.specs, away);
    const lost = await waitFor("the doctor to miss the specs", async () => {
      const { code, stdout } = await host.ds01("doctor");
      return code === 1 && stdout;
    });
    expect(lost).toContain("SourceSynced");
    await holdsFor(beyondGraceMs, async () => expect(host.proxy.mutations()).toEqual([]));
    expect((await host.container("alice/train"))?.status.phase).toBe("Running");
    renameSync(away, host.specs);
    await waitFor("the doctor to be content", async () => (await host.ds01("doctor")).code === 0);
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
    expect(await idOf("alice/train")).toBe(id);
    // And it sees again.
    host.drop("users/alice/next.yaml", containerSpec("next"));
    await host.waitForReady("alice/next");
    await host.remove("alice/next");
  });

  it("must hold back when many files vanish at once, and delete exactly those that are confirmed", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const keys = names.map((name) => `bob/${name}`);
    for (const name of names)
      host.drop(`users/bob/${name}.yaml`, containerSpec(name, { image: "bed/pause:1" }));
    await Promise.all(keys.map(async (key) => host.waitForReady(key)));
    host.proxy.clear();
    const bob = join(host.specs, "users/bob");
    const blocked = async (): Promise<string> => (await host.ds01("prune")).stdout;

    renameSync(bob, join(host.directory, "bob"));
    const shown = await waitFor("the guard to hold back", blocked);
    expect(shown).toContain("5 of 6 objects vanished at once");
    for (const key of keys) expect(shown).toContain(key);
    // The set is held back first, each of its objects says so right after.
    const object = await host.waitForObject(
      "bob/a",
      "told that it is held back",
      ({ status }) => status.reason === "PruneBlocked",
    );
    expect(object.status.phase).toBe("Running");
    expect(host.proxy.mutations()).toEqual([]);

    // Some come back: the others are held back all the same.
    const lost = ["d.yaml", "e.yaml"];
    for (const name of lost) rmSync(join(host.directory, "bob", name));
    renameSync(join(host.directory, "bob"), bob);
    await waitFor("the guard to hold back the rest", async () =>
      (await blocked()).includes("2 of 6 objects are still missing"),
    );
    await holdsFor(beyondGraceMs, async () => expect(host.proxy.mutations()).toEqual([]));

    // All are back: nothing is held back any more.
    for (const name of lost) {
      const spec = containerSpec(name.slice(0, 1), { image: "bed/pause:1" });
      host.drop(`users/bob/${name}`, spec);
    }
    await waitFor("nothing to be held back", async () => (await blocked()) === "");
    await Promise.all(keys.map(async (key) => host.waitForReady(key)));
    expect(host.proxy.mutations()).toEqual([]);

    renameSync(bob, join(host.directory, "bob"));
    const [, token = ""] = /^(\w+) {3}/.exec(await waitFor("the guard again", blocked)) ?? [];
    expect(await host.ds01("prune", "--confirm", "0000000")).toMatchObject({ code: 4 });
    expect(await host.ds01("prune", "--confirm", token)).toMatchObject({ code: 0 });
    await host.waitUntilGone(keys);
    await expect.poll(blocked).toBe("");
    expect((await host.container("alice/train"))?.status.phase).toBe("Running");
  });

  it("must refuse one object in two files, both of them, and keep the last good one", async () => {
    const id = await idOf("alice/train");
    host.drop("users/alice/copy.yaml", containerSpec("train", { image: "bed/health:1" }));
    const object = await host.waitForObject(
      "alice/train",
      "in conflict",
      (now) => conditionOf(now, "Accepted")?.reason === "IdentityConflict",
    );
    expect(object).toMatchObject({ spec: { image: "bed/base:1" }, status: { phase: "Running" } });
    expect(object.status.message).toContain("users/alice/copy.yaml and users/alice/train.yaml");
    expect(host.proxy.mutations()).toEqual([]);
    host.removeFile("users/alice/copy.yaml");
    await host.waitForObject(
      "alice/train",
      "accepted",
      (now) => conditionOf(now, "Accepted")?.status === "True",
    );
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
    expect(await idOf("alice/train")).toBe(id);
  });
});
