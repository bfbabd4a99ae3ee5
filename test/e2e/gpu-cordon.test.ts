import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState } from "../bed/nvidia/state.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const oneGpu = { gpus: { count: 1 }, stopGracePeriod: "2s", lifecycle: { holdGpuAfterStop: "1s" } };

describe("a cordoned GPU", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "cordon", nvidia: "2xA100-80GB A100-80GB:3g.40gb+2g.20gb" });
  });

  afterAll(async () => host.stop());

  it("must be given to nobody, also after the controller was killed, until it is uncordoned", async () => {
    host.drop("users/alice/one.yaml", containerSpec("one", oneGpu));
    const one = await host.waitForReady("alice/one");
    const own = one.status.gpus[0]!.slot;
    const free = own === "0" ? "1" : "0";

    const cordoned = await host.ds01("cordon", `gpu/${free}`, "--reason", "fan noise");
    expect(cordoned).toMatchObject({ code: 0, stdout: `gpu/${free} cordoned\n`, stderr: "" });
    expect(await host.ds01("cordon", `gpu/${free}`)).toMatchObject({
      stdout: `gpu/${free} already cordoned\n`,
    });
    const uuid = readGpuState(host.engine.gpuState).gpus[Number(own)]!.uuid;
    expect(await host.ds01("cordon", `gpu/${uuid}`)).toMatchObject({ stdout: `gpu/${own} cordoned\n` });
    await host.waitForGpu(free, "cordoned", ({ status }) => status.state === "Cordoned");
    expect((await host.ds01("get", "gpus")).stdout).toMatch(new RegExp(`^${free} .*Cordoned`, "m"));

    host.drop("users/bob/two.yaml", containerSpec("two", oneGpu));
    const waiting = await host.waitForObject(
      "bob/two",
      "told why",
      ({ status }) => status.queue !== undefined,
    );
    expect(waiting.status).toMatchObject({
      phase: "Pending",
      reason: "DevicesCordoned",
      message: expect.stringContaining("2 cordoned (fan noise)"),
    });

    await host.restartController();
    const after = await host.waitForReady("alice/one");
    expect(after.status.container).toEqual(one.status.container);
    const kept = await host.waitForGpu(free, "cordoned", ({ status }) => status.state === "Cordoned");
    expect(kept).toMatchObject({
      spec: { unschedulable: true, unschedulableReason: "fan noise" },
      status: {
        state: "Cordoned",
        holder: null,
        reason: expect.stringMatching(/^cordoned by root at .*: fan noise$/),
        cordon: { by: "root", reason: "fan noise", gpu: free },
      },
    });
    const held = await host.waitForGpu(own, "held", ({ status }) => status.holder !== null);
    expect(held.status).toMatchObject({ state: "Cordoned", holder: { namespace: "alice", name: "one" } });
    await host.waitForPending("bob/two", "DevicesCordoned");
    expect(host.proxy.mutations()).toEqual([]);
    const described = (await host.ds01("describe", "gpu", free)).stdout;
    expect(described).toMatch(/State: +Cordoned/);
    expect(described).toContain("by root since ");
    expect(described).toMatch(/Normal +Cordoned +cordoned by root/);

    expect(await host.ds01("uncordon", `gpu/${free}`)).toMatchObject({
      code: 0,
      stdout: `gpu/${free} uncordoned\n`,
    });
    expect((await host.waitForReady("bob/two")).status.gpus).toMatchObject([{ slot: free }]);
    expect(await host.ds01("uncordon", `gpu/${own}`)).toMatchObject({ code: 0, stderr: "" });
    await host.waitForGpu(own, "allocated", ({ status }) => status.state === "Allocated");
    await host.remove("alice/one", "bob/two");
  });

  it("must take its slices with it", async () => {
    expect(await host.ds01("cordon", "gpu/2")).toMatchObject({ code: 0 });
    const slice = { gpus: { count: 1, profile: "3g.40gb" } };
    host.drop("users/carol/slice.yaml", containerSpec("slice", slice));
    await host.waitForObject("carol/slice", "waiting", ({ status }) => status.reason === "DevicesCordoned");
    const slot = await host.waitForGpu("2:0", "cordoned", ({ status }) => status.state === "Cordoned");
    expect(slot).toMatchObject({
      spec: { profile: "3g.40gb" },
      status: { state: "Cordoned", cordon: { gpu: "2" } },
    });
    const kept = await host.ds01("uncordon", "gpu/2:0");
    expect(kept).toMatchObject({
      code: 0,
      stdout: "gpu/2:0 already uncordoned\n",
      stderr: expect.stringContaining("still kept back: cordoned by root"),
    });
    expect(await host.ds01("uncordon", "gpu", "2")).toMatchObject({ code: 0, stdout: "gpu/2 uncordoned\n" });
    await host.waitForReady("carol/slice");
    await host.remove("carol/slice");
  });

  it("must be refused for what does not exist", async () => {
    expect(await host.ds01("cordon", "gpu/9")).toMatchObject({ code: 4 });
    expect(await host.ds01("cordon", "container/one")).toMatchObject({ code: 2 });
    expect(await host.ds01("cordon")).toMatchObject({ code: 2 });
  });
});
