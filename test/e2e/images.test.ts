import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** Nobody listens at port 1, so this registry is refused at once. */
const unreachable = "localhost:1/nobody/there:1";
const allGpus = { gpus: { count: 2 } };

describe("an image", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "images", nvidia: "2xA100-80GB" });
  });

  afterAll(async () => host.stop());

  /** Makes an image of that name appear, as a build or a load on this host does. */
  async function bring(reference: string): Promise<void> {
    const [repo, tag] = [
      reference.slice(0, reference.lastIndexOf(":")),
      reference.slice(reference.lastIndexOf(":") + 1),
    ];
    await host.engine.docker.getImage("bed/base:1").tag({ repo, tag });
  }

  it("must be found here when it may not be pulled, else fail without holding a GPU, and recover when it comes", async () => {
    host.drop("users/alice/local.yaml", containerSpec("local", { image: "local/late:1", ...allGpus }));
    const failed = await host.waitForPhase("alice/local", "Failed");
    expect(failed.status).toMatchObject({ reason: "ImageNotFound", gpus: [] });
    expect(failed.status.message).toContain("local/late:1");
    expect(conditionOf(failed, "ImageReady")?.status).toBe("False");
    expect(host.proxy.requests.some(({ path }) => path === "/images/create")).toBe(false);
    // Its GPUs are for others meanwhile.
    host.drop("users/bob/other.yaml", containerSpec("other", allGpus));
    await host.waitForReady("bob/other");
    await host.remove("bob/other");

    await bring("local/late:1");
    const { status } = await host.waitForReady("alice/local");
    expect(status.gpus).toHaveLength(2);
    await host.remove("alice/local");
  });

  it("must be found under another name of the spec, for its owner only", async () => {
    const names = { image: "team/tool:1", imageAliases: ["gone/tool:1", "bed/base:1"] };
    host.drop("users/alice/aliased.yaml", containerSpec("aliased", names));
    await host.waitForReady("alice/aliased");
    const base = await host.engine.docker.getImage("bed/base:1").inspect();
    expect(await host.dockerInspect("alice/aliased")).toMatchObject({
      Image: base.Id,
      Config: { Image: "team/tool:1" },
    });
    expect((await host.waitForEvent("alice/aliased", "ImageAliased")).message).toBe(
      "bed/base:1 is tagged as team/tool:1: team/tool:1 is not here, and its alias bed/base:1 is",
    );
    host.drop("users/bob/same.yaml", containerSpec("same", { image: "team/tool:1" }));
    const other = await host.waitForPhase("bob/same", "Failed");
    expect(other.status.message).toContain("only as an alias in specs of alice");
    await host.restartController();
    await host.waitForReady("alice/aliased");
    expect((await host.waitForPhase("bob/same", "Failed")).status.reason).toBe("ImageNotFound");
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("alice/aliased", "bob/same");
  });

  it("is answered with similar names that are here when nobody knows its own", async () => {
    host.drop("users/alice/typo.yaml", containerSpec("typo", { image: "bed/bsae:1" }));
    const { status } = await host.waitForPhase("alice/typo", "Failed");
    expect(status.message).toContain("did you mean bed/base:1, which is here?");
    await host.remove("alice/typo");
  });

  it("must be pulled again and again, later each time, and hold no GPU until it is here", async () => {
    const spec = { image: unreachable, imagePullPolicy: "IfNotPresent", ...allGpus };
    host.drop("users/alice/remote.yaml", containerSpec("remote", spec));
    const failed = await host.waitForObject(
      "alice/remote",
      "backing off",
      ({ status }) => status.phase === "Backoff",
    );
    expect(failed.status).toMatchObject({ reason: "RegistryUnreachable", gpus: [] });
    expect(failed.status.message).toContain("localhost:1");
    expect(conditionOf(failed, "ImageReady")).toMatchObject({
      status: "False",
      reason: "RegistryUnreachable",
    });
    const { stdout } = await host.ds01("describe", "container", "remote");
    expect(stdout).toMatch(/^Next: +pull is tried again \(\d{4}-/m);
    host.drop("users/bob/other.yaml", containerSpec("other", allGpus));
    await host.waitForReady("bob/other");
    const tried = await waitFor("three tries", async () => {
      const event = (await host.events("alice/remote")).find(({ reason }) => reason === "Pulling");
      return event !== undefined && event.count >= 3 && event;
    });
    // After 1 s and then after 2 s.
    expect(Date.parse(tried.lastTimestamp) - Date.parse(tried.firstTimestamp)).toBeGreaterThanOrEqual(3000);
    await host.remove("bob/other");
    await bring(unreachable);
    await host.waitForReady("alice/remote");
    await host.remove("alice/remote");
  });

  it("must not stop what runs while the declared new one cannot be fetched", async () => {
    host.drop("users/alice/steady.yaml", containerSpec("steady", { gpus: { count: 1 } }));
    const before = await host.waitForReady("alice/steady");
    const next = { image: "localhost:1/nobody/else:2", imagePullPolicy: "IfNotPresent", gpus: { count: 1 } };
    host.drop("users/alice/steady.yaml", containerSpec("steady", next));
    const waiting = await host.waitForObject(
      "alice/steady",
      "told that the pull fails",
      ({ status }) => status.reason === "RegistryUnreachable",
    );
    expect(waiting.status).toMatchObject({
      phase: "Running",
      container: before.status.container,
      gpus: before.status.gpus,
    });
    host.drop("users/alice/steady.yaml", containerSpec("steady", { gpus: { count: 1 } }));
    const after = await host.waitForReady("alice/steady");
    expect(after.status.container).toEqual(before.status.container);
    await host.remove("alice/steady");
  });
});
