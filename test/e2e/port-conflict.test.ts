import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHost, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const ports = [{ containerPort: 80, hostPort: 18_080 }];

describe("a port of the host that somebody has", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "ports", nvidia: "1xA100-80GB" });
  });
  afterAll(async () => host.stop());

  it("must be waited for before anything is made, without a GPU, and be had once it is free", async () => {
    host.drop("users/bob/site.yaml", containerSpec("site", { ports }));
    await host.waitForReady("bob/site");
    const wanted = { ports, gpus: { count: 1 }, image: "bed/gpu:1" };
    host.drop("users/alice/site.yaml", containerSpec("site", wanted));
    const { status } = await host.waitForObject(
      "alice/site",
      "told of the port",
      (object) => object.status.reason === "PortInUse",
    );
    expect(status.message).toMatch(
      /^alice\/site publishes port 18080 of the host at 127\.0\.0\.1; bob\/site has it:/,
    );
    expect(await host.containersOf("alice/site")).toEqual([]);
    host.drop("users/carol/job.yaml", containerSpec("job", { gpus: { count: 1 }, image: "bed/gpu:1" }));
    await host.waitForReady("carol/job");
    await host.remove("carol/job", "bob/site");
    await host.waitForReady("alice/site");
  });

  it("must not be in the way of a new container for the same spec", async () => {
    const { status } = await host.waitForReady("alice/site");
    const env = [{ name: "AGAIN", value: "1" }];
    host.drop("users/alice/site.yaml", containerSpec("site", { ports, env }));
    await host.waitForObject(
      "alice/site",
      "made anew",
      (object) => object.status.phase === "Running" && object.status.container?.id !== status.container?.id,
    );
  });
});
