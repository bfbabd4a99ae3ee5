import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passForCdi } from "../bed/cdi-engine.ts";
import { readGpuState } from "../bed/nvidia/state.ts";
import { requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const small = { gpus: { count: 1 }, resources: { memory: "64Mi" } };
const large = { gpus: { count: 1 }, resources: { memory: "96Mi" } };

describe("how GPUs come into containers", () => {
  let host: Host;
  const uuids = (): string[] => readGpuState(host.engine.gpuState).gpus.map(({ uuid }) => uuid);
  const idOf = async (key: string): Promise<string> => (await host.dockerInspect(key)).Id;
  const labelOf = async (key: string): Promise<string | undefined> =>
    (await host.dockerInspect(key)).Config.Labels["ds01.injection"];

  async function waitForMemory(key: string, bytes: number): Promise<void> {
    await host.waitForReady(key);
    await host.waitForObject(key, `with ${bytes} bytes`, () => true);
    await expect.poll(async () => (await host.dockerInspect(key)).HostConfig.Memory).toBe(bytes);
    await host.waitForReady(key);
  }

  beforeAll(async () => {
    host = await startHost({ name: "injection", nvidia: "4xA100-80GB" });
  });

  afterAll(async () => host.stop());

  it("must be NVIDIA's hook on an engine that lists no CDI devices", async () => {
    host.drop("users/alice/hooked.yaml", containerSpec("hooked", small));
    const { status } = await host.waitForReady("alice/hooked");
    const inspected = await host.dockerInspect("alice/hooked");
    expect(inspected.HostConfig.DeviceRequests).toMatchObject([{ Driver: "nvidia" }]);
    expect(requestedDevices(inspected)).toEqual(status.gpus.map(({ uuid }) => uuid));
    expect(await labelOf("alice/hooked")).toBe("hook");
  });

  it("must be CDI as soon as the engine lists the devices, and nothing that exists is touched", async () => {
    const before = await idOf("alice/hooked");
    const cdi = passForCdi(host.proxy, () => uuids().map((uuid) => `nvidia.com/gpu=${uuid}`));
    host.proxy.clear();
    host.drop("users/alice/listed.yaml", containerSpec("listed", small));
    const { status } = await host.waitForReady("alice/listed");
    const [gpu] = status.gpus;
    expect(cdi.requested).toEqual([
      { Driver: "cdi", DeviceIDs: [`nvidia.com/gpu=${gpu!.uuid}`], Capabilities: [] },
    ]);
    expect(await labelOf("alice/listed")).toBe("cdi");
    expect((await host.dockerInspect("alice/listed")).Config.Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
    expect((await host.dockerExec("alice/listed", "nvidia-smi", "-L")).output).toContain(gpu!.uuid);
    await host.waitForGpu(gpu!.slot, "allocated", (one) => one.status.state === "Allocated");

    // Also when the controller comes anew to an engine that offers another way than before.
    await host.restartController();
    await host.waitForReady("alice/hooked");
    expect(host.proxy.mutations()).toEqual([]);
    expect(await idOf("alice/hooked")).toBe(before);
    await expect
      .poll(async () => (await host.ds01("doctor")).stdout)
      .toMatch(/ok +GpuInjection +CDI: Docker 28\.5\.2 lists all 4/);

    // A limit changes in place there, and costs a new container where an update would take the GPU away.
    host.drop("users/alice/listed.yaml", containerSpec("listed", large));
    const listed = await idOf("alice/listed");
    await waitForMemory("alice/listed", 96 * 1024 ** 2);
    expect(await idOf("alice/listed")).toBe(listed);
    host.drop("users/alice/hooked.yaml", containerSpec("hooked", large));
    await waitForMemory("alice/hooked", 96 * 1024 ** 2);
    expect(await idOf("alice/hooked")).not.toBe(before);
    expect(await labelOf("alice/hooked")).toBe("cdi");
    expect(host.proxy.mutations().filter((call) => call.endsWith("/update"))).toHaveLength(1);
    cdi.end();
  });

  it("must be what the configuration says", async () => {
    host.configure("trust: path\ngpuInjection: runtime\n");
    await host.restartController();
    host.drop("users/bob/told.yaml", containerSpec("told", small));
    await host.waitForReady("bob/told");
    expect(await labelOf("bob/told")).toBe("runtime");
    expect((await host.ds01("doctor")).stdout).toMatch(/ok +GpuInjection +runtime "nvidia"/);
  });

  it("must be the NVIDIA runtime once the engine says that it has no hook", async () => {
    host.configure("trust: path\n");
    await host.restartController();
    host.proxy.addRule({
      fault: "status",
      method: "POST",
      path: /\/start$/,
      times: 1,
      message: 'could not select device driver "nvidia" with capabilities: [[gpu compute utility]]',
    });
    host.drop("users/bob/other.yaml", containerSpec("other", small));
    const { status } = await host.waitForReady("bob/other");
    const inspected = await host.dockerInspect("bob/other");
    expect(inspected.HostConfig).toMatchObject({ Runtime: "nvidia" });
    expect(inspected.HostConfig.DeviceRequests ?? []).toEqual([]);
    expect(inspected.Config.Labels["ds01.injection"]).toBe("runtime");
    expect((await host.dockerExec("bob/other", "nvidia-smi", "-L")).output).toContain(status.gpus[0]!.uuid);
    const failed = await host.waitForEvent("bob/other", "StartFailed");
    expect(failed.message).toContain("NoNvidiaRuntime");
  });
});
