import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, dockerName, requestedDevices, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const mebibyte = 1024 ** 2;

describe("a container that is not as declared any more", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "drift", nvidia: "4xA100-80GB" });
  });

  afterAll(async () => host.stop());

  const docker = (key: string): ReturnType<Host["engine"]["docker"]["getContainer"]> =>
    host.engine.docker.getContainer(dockerName(key));

  async function stopByHand(key: string): Promise<void> {
    // It has to listen to the signal by then.
    await waitFor("its process to wait", async () => {
      const { exitCode } = await host.dockerExec(key, "sh", "-c", "grep -qx sleep /proc/[0-9]*/comm");
      return exitCode === 0;
    });
    await docker(key).stop({ t: 20 });
  }

  /** Declares a container, or declares it anew, and waits until it runs so. */
  async function running(name: string, spec: object): Promise<ContainerObject> {
    const key = `alice/${name}`;
    const before = (await host.container(key))?.metadata.generation ?? 0;
    host.drop(`users/${key}.yaml`, containerSpec(name, spec));
    await host.waitForObject(key, "known", ({ metadata }) => (metadata.generation ?? 0) > before);
    return host.waitForReady(key);
  }

  const gpusOf = ({ status }: ContainerObject): readonly string[] => status.gpus.map(({ uuid }) => uuid);

  it.each([
    ["killed", async (key: string) => docker(key).kill(), "killed from outside (exit 137, not by ds01)"],
    ["stopped", stopByHand, "exited with code 0"],
  ])("must be started again at once, with its GPU, when it was %s by hand", async (how, harm, cause) => {
    const key = `alice/${how}`;
    const before = await running(how, { gpus: { count: 1 } });
    await harm(key);
    const after = await host.waitForObject(key, "restarted", ({ status }) => status.restarts === 1);
    await host.waitForReady(key);
    expect(after.status.container?.id).toBe(before.status.container?.id);
    expect(gpusOf(after)).toEqual(gpusOf(before));
    const event = await host.waitForEvent(key, "Restarted");
    expect(event.message).toContain(cause);
    await host.remove(key);
  });

  it("must be made again with its GPU when it was removed by hand", async () => {
    const before = await running("removed", { gpus: { count: 1 } });
    await docker("alice/removed").remove({ force: true });
    const after = await host.waitForAnother("alice/removed", before.status.container?.id);
    expect(gpusOf(after)).toEqual(gpusOf(before));
    expect(requestedDevices(await host.dockerInspect("alice/removed"))).toEqual(gpusOf(before));
    expect(after.status.restarts).toBe(1);
    await host.remove("alice/removed");
  });

  it("must be unpaused when it was paused by hand", async () => {
    await running("paused", {});
    await docker("alice/paused").pause();
    await host.waitForEvent("alice/paused", "Unpaused");
    await waitFor(
      "it to run on",
      async () => (await docker("alice/paused").inspect()).State.Status === "running",
    );
    await host.remove("alice/paused");
  });

  it("must get its name back when it was renamed by hand", async () => {
    const before = await running("renamed", {});
    await docker("alice/renamed").rename({ name: "something-else" });
    await host.waitForEvent("alice/renamed", "Renamed");
    await waitFor(
      "its name",
      async () => (await docker("alice/renamed").inspect()).Id === before.status.container?.id,
    );
    await host.remove("alice/renamed");
  });

  it("must get its limits back in place when it holds no GPU", async () => {
    const before = await running("limits", { resources: { memory: "64Mi", cpus: 1 } });
    await docker("alice/limits").update({
      Memory: 128 * mebibyte,
      MemorySwap: 128 * mebibyte,
      NanoCpus: 5e8,
    });
    const event = await host.waitForEvent("alice/limits", "Updated");
    expect(event.message).toContain("changed by hand");
    const after = await waitFor("the declared limits", async () => {
      const inspected = await host.dockerInspect("alice/limits");
      return inspected.HostConfig.Memory === 64 * mebibyte && inspected;
    });
    expect(after.HostConfig.NanoCpus).toBe(1e9);
    expect(after).toMatchObject({ Id: before.status.container?.id });
    await host.remove("alice/limits");
  });

  it("must be recreated with its GPU when its limits were changed by hand, because an update strips the GPU", async () => {
    const before = await running("gpulimits", { resources: { memory: "64Mi" }, gpus: { count: 1 } });
    await docker("alice/gpulimits").update({ Memory: 128 * mebibyte, MemorySwap: 128 * mebibyte });
    const after = await host.waitForAnother("alice/gpulimits", before.status.container?.id);
    expect(gpusOf(after)).toEqual(gpusOf(before));
    const inspected = await host.dockerInspect("alice/gpulimits");
    expect(inspected.HostConfig.Memory).toBe(64 * mebibyte);
    expect(requestedDevices(inspected)).toEqual(gpusOf(before));
    expect(await host.containersOf("alice/gpulimits")).toEqual([inspected.Id]);
    await host.remove("alice/gpulimits");
  });

  it("must not be restarted by Docker: that is ds01's task", async () => {
    const before = await running("policy", {});
    await docker("alice/policy").update({ RestartPolicy: { Name: "always" } });
    await waitFor("the policy to be no again", async () => {
      const { HostConfig, Id } = await host.dockerInspect("alice/policy");
      return HostConfig.RestartPolicy?.Name === "no" && Id === before.status.container?.id;
    });
    await host.remove("alice/policy");
  });

  it("must leave somebody else's container alone that has its name, say so, and come when the name is free", async () => {
    const name = dockerName("alice/taken");
    const foreign = await host.engine.docker.createContainer({ name, Image: "bed/base:1" });
    await foreign.start();
    host.drop("users/alice/taken.yaml", containerSpec("taken"));
    const { status } = await host.waitForPhase("alice/taken", "Failed");
    expect(status).toMatchObject({ reason: "NameConflict" });
    expect(status.message).toContain(name);
    expect((await foreign.inspect()).State.Running).toBe(true);
    await foreign.remove({ force: true });
    await host.waitForReady("alice/taken");
    await host.remove("alice/taken");
  });

  it("must be replaced with the same GPU when the declared image or environment changes", async () => {
    const before = await running("replaced", { gpus: { count: 1 } });
    await running("neighbour", { gpus: { count: 1 } });
    const next = { image: "bed/gpu:1", env: [{ name: "NEW", value: "yes" }], gpus: { count: 1 } };
    const after = await running("replaced", next);
    expect(after.metadata.generation).toBe(2);
    expect(gpusOf(after)).toEqual(gpusOf(before));
    const inspected = await host.dockerInspect("alice/replaced");
    expect(inspected.Id).not.toBe(before.status.container?.id);
    expect(inspected.Config).toMatchObject({ Image: "bed/gpu:1", Env: expect.arrayContaining(["NEW=yes"]) });
    expect(requestedDevices(inspected)).toEqual(gpusOf(before));
    expect(await host.containersOf("alice/replaced")).toEqual([inspected.Id]);
    const { message } = await host.waitForEvent("alice/replaced", "Recreating");
    expect(message).toMatch(/configuration changed \(image, env\[NEW\]\)/);
    expect(message).not.toContain("yes");
    await host.remove("alice/replaced", "alice/neighbour");
  });

  it("must be changed in place, without a restart, when only a limit is declared anew", async () => {
    const before = await running("grown", { resources: { memory: "64Mi" } });
    const { State } = await host.dockerInspect("alice/grown");
    await running("grown", { resources: { memory: "96Mi", pidsLimit: 100 } });
    const after = await waitFor("the new limit", async () => {
      const inspected = await host.dockerInspect("alice/grown");
      return inspected.HostConfig.Memory === 96 * mebibyte && inspected;
    });
    expect(after).toMatchObject({
      Id: before.status.container?.id,
      State: { StartedAt: State.StartedAt },
      HostConfig: { PidsLimit: 100 },
    });
    await host.remove("alice/grown");
  });

  it("must go back to the old container when the new one exits at once, and try the next correction", async () => {
    const before = await running("risky", { gpus: { count: 1 } });
    host.drop("users/alice/risky.yaml", containerSpec("risky", { image: "bed/crash:1", gpus: { count: 1 } }));
    const degraded = await host.waitForPhase("alice/risky", "Degraded");
    expect(degraded.status).toMatchObject({
      reason: "RollbackPerformed",
      container: { id: before.status.container?.id },
    });
    expect(conditionOf(degraded, "Degraded")).toMatchObject({ status: "True" });
    expect(gpusOf(degraded)).toEqual(gpusOf(before));
    const inspected = await waitFor("the old one to run again", async () => {
      const found = await host.dockerInspect("alice/risky");
      return found.State.Running && found;
    });
    expect(inspected).toMatchObject({ Id: before.status.container?.id, Config: { Image: "bed/base:1" } });
    await expect.poll(async () => host.containersOf("alice/risky")).toEqual([inspected.Id]);

    const after = await running("risky", { image: "bed/gpu:1", gpus: { count: 1 } });
    expect(gpusOf(after)).toEqual(gpusOf(before));
    expect((await host.dockerInspect("alice/risky")).Config.Image).toBe("bed/gpu:1");
    await host.remove("alice/risky");
  });

  it("must be replaced, with the same GPU, by what is declared when somebody made it anew differently", async () => {
    const before = await running("impostor", { gpus: { count: 1 } });
    const { Config, HostConfig } = await host.dockerInspect("alice/impostor");
    await host.controller.end("SIGKILL");
    await docker("alice/impostor").remove({ force: true });
    const name = dockerName("alice/impostor");
    const impostor = await host.engine.docker.createContainer({
      ...Config,
      name,
      Image: "bed/gpu:1",
      HostConfig,
    });
    await impostor.start();
    await host.startController();
    const after = await host.waitForObject(
      "alice/impostor",
      "what is declared",
      (object) =>
        conditionOf(object, "Ready")?.status === "True" &&
        ![before.status.container?.id, impostor.id].includes(object.status.container?.id),
    );
    expect(gpusOf(after)).toEqual(gpusOf(before));
    const inspected = await host.dockerInspect("alice/impostor");
    expect(inspected.Config.Image).toBe("bed/base:1");
    expect(await host.containersOf("alice/impostor")).toEqual([inspected.Id]);
    await host.remove("alice/impostor");
  });
});
