import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const oneGpu = { gpus: { count: 1 }, stopGracePeriod: "2s", lifecycle: { holdGpuAfterStop: "1s" } };

describe("ds01 drain", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "drain", nvidia: "2xA100-80GB" });
  });

  afterAll(async () => host.stop());

  it("must tell who uses the GPU, wait for them, and move them when told to", async () => {
    host.drop("users/alice/one.yaml", containerSpec("one", oneGpu));
    const first = (await host.waitForReady("alice/one")).status;
    const from = first.gpus[0]!.slot;
    const to = from === "0" ? "1" : "0";

    const free = await host.ds01("drain", `gpu/${to}`);
    expect(free).toMatchObject({ code: 0, stdout: `gpu/${to} cordoned\ngpu/${to} drained\n` });
    expect(await host.ds01("uncordon", `gpu/${to}`)).toMatchObject({ code: 0 });

    const used = await host.ds01("drain", `gpu/${from}`, "--reason", "new fans");
    expect(used).toMatchObject({ code: 1, stderr: expect.stringContaining("wait with --timeout, or move") });
    expect(used.stdout).toBe(
      `gpu/${from} cordoned\n  alice/one: Running, until it ends by itself or is stopped\n`,
    );
    const waited = await host.ds01("drain", `gpu/${from}`, "--timeout", "1s");
    expect(waited).toMatchObject({ code: 5, stderr: expect.stringContaining("still in use by alice/one") });
    expect((await host.container("alice/one"))!.status.container).toEqual(first.container);

    const moved = await host.ds01("drain", `gpu/${from}`, "--move", "--timeout", "1m");
    expect(moved).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/alice\/one has left[^]*drained\n$/),
    });
    const after = (await host.waitForReady("alice/one")).status;
    expect(after.gpus).toMatchObject([{ slot: to }]);
    expect(after.container!.id).not.toBe(first.container!.id);
    const stopping = await host.waitForEvent("alice/one", "Stopping");
    expect(stopping.message).toMatch(new RegExp(`GPU ${from} is cordoned by root at .*: new fans`));
    // Containers say first where they are, then their GPUs do.
    const left = await host.waitForGpu(from, "left", ({ status }) => status.holder === null);
    expect(left).toMatchObject({
      spec: { unschedulable: true, drain: true, unschedulableReason: "new fans" },
      status: { state: "Cordoned", holder: null },
    });
  });

  it("must say that they wait while no other GPU is free, and leave them alone until one is", async () => {
    const before = (await host.container("alice/one"))!.status;
    const slot = before.gpus[0]!.slot;
    const drained = await host.ds01("drain", `gpu/${slot}`, "--move", "--timeout", "8s");
    expect(drained).toMatchObject({
      code: 5,
      stdout: expect.stringContaining("moves to another GPU as soon as one is free"),
      stderr: expect.stringMatching(/alice\/one waits: GPU \d is cordoned by root .* 2 cordoned/),
    });
    expect((await host.container("alice/one"))!.status.container).toEqual(before.container);
    const other = slot === "0" ? "1" : "0";
    expect(await host.ds01("uncordon", `gpu/${other}`)).toMatchObject({ code: 0 });
    const moved = await host.waitForObject(
      "alice/one",
      "moved",
      ({ status }) =>
        status.phase === "Running" && status.gpus[0]?.slot === other && status.gpus.length === 1,
    );
    expect(moved.status.container!.id).not.toBe(before.container!.id);
    expect(await host.ds01("uncordon", `gpu/${slot}`)).toMatchObject({ code: 0 });
    await host.remove("alice/one");
  });

  it("must be refused for what is no GPU or no duration", async () => {
    expect(await host.ds01("drain", "gpu/0", "gpu/1")).toMatchObject({ code: 2 });
    expect(await host.ds01("drain", "gpu/0", "--timeout", "soon")).toMatchObject({ code: 2 });
    expect(await host.ds01("drain", "gpu/7")).toMatchObject({ code: 4 });
    await host.waitForGpu("0", "free", ({ status }) => status.state === "Free");
  });
});
