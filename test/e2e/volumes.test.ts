import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("volumes", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "volumes", configuration: "trust: path\n" });
  });

  afterAll(async () => host.stop());

  it("must keep a named volume beyond its containers, for its owner alone", async () => {
    const volumes = [{ name: "m", mountPath: "/models", namedVolume: { name: "models" } }];
    host.drop("users/alice/one.yaml", containerSpec("one", { volumes }));
    host.drop("users/bob/one.yaml", containerSpec("one", { volumes }));
    await host.waitForReady("alice/one");
    await host.waitForReady("bob/one");
    await host.dockerExec("alice/one", "sh", "-c", "echo weights > /models/w");
    await host.remove("alice/one");

    const volume = await host.engine.docker.getVolume("ds01-models._.alice").inspect();
    expect(volume.Labels).toMatchObject({
      "ds01.managed": "true",
      "ds01.user": "alice",
      "ds01.volume": "models",
    });
    const readOnly = volumes.map((one) => ({ ...one, readOnly: true }));
    host.drop("users/alice/two.yaml", containerSpec("two", { volumes: readOnly }));
    await host.waitForReady("alice/two");
    expect((await host.dockerExec("alice/two", "cat", "/models/w")).output).toBe("weights\n");
    expect((await host.dockerExec("alice/two", "touch", "/models/new")).exitCode).not.toBe(0);
    expect((await host.dockerExec("bob/one", "ls", "/models")).output).toBe("");
  });

  it("must not use a volume of that name that is somebody else's, and say so", async () => {
    await host.engine.docker.createVolume({ Name: "ds01-taken._.alice" });
    const volumes = [{ name: "t", mountPath: "/t", namedVolume: { name: "taken" } }];
    host.drop("users/alice/taken.yaml", containerSpec("taken", { volumes }));
    const { status } = await host.waitForObject(
      "alice/taken",
      "refused",
      (object) => object.status.reason === "VolumeTaken",
    );
    expect(status.message).toContain("ds01-taken._.alice was not made for it (it has no labels of ds01)");
    expect(await host.containersOf("alice/taken")).toEqual([]);
  });

  it("must mount memory of the declared size and mode", async () => {
    const tmpfs = { sizeLimit: "8Mi", mode: "0750" };
    const volumes = [{ name: "scratch", mountPath: "/scratch", tmpfs }];
    host.drop("users/alice/memory.yaml", containerSpec("memory", { volumes }));
    await host.waitForReady("alice/memory");
    const { output } = await host.dockerExec("alice/memory", "sh", "-c", "mount | grep scratch");
    expect(output).toMatch(/^tmpfs on \/scratch type tmpfs .*size=8192k/);
    expect(output).toMatch(/mode=750/);
  });
});
