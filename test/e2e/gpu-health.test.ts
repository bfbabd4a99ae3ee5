import { appendFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import type { SimulatedGpu } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { GpuObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const oneGpu = { gpus: { count: 1 }, stopGracePeriod: "2s", lifecycle: { holdGpuAfterStop: "1s" } };

describe("sick GPUs", () => {
  let host: Host;
  let directory: string;
  let kernelLog: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-health-"));
    kernelLog = join(directory, "kern.log");
    writeFileSync(kernelLog, "");
    const health = `health: { kernelLog: ${kernelLog}, retestAfter: 1s, quietPeriod: 10s }`;
    host = await startHost({
      name: "health",
      nvidia: "3xA100-80GB",
      configuration: `trust: path\n${health}\n`,
    });
  });

  afterAll(async () => {
    await host.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const gpuWhen = async (slot: string, what: string, is: (gpu: GpuObject) => boolean): Promise<GpuObject> =>
    waitFor(
      `GPU ${slot} to be ${what}`,
      async () => {
        const gpu = [...(await host.gpus()).values()].find(
          ({ metadata, spec }) => metadata.name === slot || spec.uuid === slot,
        );
        return gpu !== undefined && is(gpu) && gpu;
      },
      { intervalMs: 100 },
    );
  const change = (index: number, how: (gpu: SimulatedGpu) => void): void => {
    updateGpuState(host.engine.gpuState, ({ gpus }) => how(gpus[index]!));
  };
  const tell = (index: number, code: number, text: string): void => {
    const { busId } = readGpuState(host.engine.gpuState).gpus[index]!;
    const address = busId.toLowerCase().replace(/^0000/, "").replace(/\.0$/, "");
    appendFileSync(kernelLog, `<4>NVRM: Xid (PCI:${address}): ${code}, pid=1896, ${text}\n`);
  };

  it("must be given to nobody after an XID, say why, and be given out again when they are well", async () => {
    tell(0, 79, "GPU has fallen off the bus.");
    const lost = await gpuWhen("0", "lost", ({ status }) => status.health?.state === "Lost");
    expect(lost.status).toMatchObject({
      state: "Unhealthy",
      reason: expect.stringMatching(/^XID 79 \(GPU has fallen off the bus\) at \d{4}-/),
    });
    change(1, (gpu) => void (gpu.recoveryAction = "GPU Reset"));
    await gpuWhen("1", "sick", ({ status }) => status.state === "Unhealthy");
    host.drop("users/alice/pair.yaml", containerSpec("pair", { ...oneGpu, gpus: { count: 2 } }));
    const waiting = await host.waitForObject("alice/pair", "told why", ({ status }) =>
      (status.message ?? "").includes("the driver asks for: GPU Reset"),
    );
    expect(waiting.status).toMatchObject({ phase: "Pending", reason: "DevicesUnhealthy" });
    host.drop("users/bob/one.yaml", containerSpec("one", oneGpu));
    expect((await host.waitForReady("bob/one")).status.gpus).toMatchObject([{ slot: "2" }]);

    expect((await host.ds01("get", "gpus", "-o", "wide")).stdout).toMatch(/^1 .*Unhealthy .*Unhealthy/m);
    const described = (await host.ds01("describe", "gpu/1")).stdout;
    expect(described).toMatch(/Health: +Unhealthy since /);
    expect(described).toContain("next test ");
    expect(described).toMatch(/Warning +GpuUnhealthy +the driver asks for: GPU Reset at .*; given to nobody/);

    change(1, (gpu) => void (gpu.recoveryAction = "None"));
    expect((await host.waitForReady("alice/pair")).status.gpus).toMatchObject([{ slot: "0" }, { slot: "1" }]);
    const reasons = (await host.events("default/0")).map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(["GpuLost", "GpuRecovering", "GpuHealthy"]));
    await host.remove("alice/pair", "bob/one");
  });

  it("must not end what runs when they are lost, and tell its owner", async () => {
    host.drop("users/alice/one.yaml", containerSpec("one", oneGpu));
    const one = await host.waitForReady("alice/one");
    const { slot, uuid } = one.status.gpus[0]!;
    change(Number(slot), (gpu) => void (gpu.lost = "field"));
    const lost = await gpuWhen(slot, "lost", ({ status }) => status.health?.state === "Lost");
    expect(lost.status).toMatchObject({ state: "Unhealthy", holder: { namespace: "alice", name: "one" } });
    const event = await host.waitForEvent("alice/one", "GpuLost");
    expect(event).toMatchObject({
      type: "Warning",
      message: expect.stringMatching(new RegExp(`^GPU ${slot}: the driver has lost the GPU`)),
    });
    const after = (await host.container("alice/one"))!;
    expect(after.status).toMatchObject({
      phase: "Running",
      container: one.status.container,
      gpus: [{ uuid }],
    });

    change(Number(slot), (gpu) => {
      delete gpu.lost;
      gpu.gone = true;
    });
    // Another GPU has its number meanwhile.
    const missed = await gpuWhen(uuid, "missed", ({ status }) =>
      (status.health?.signals ?? []).some((text) => text.startsWith("not listed")),
    );
    expect(missed).toMatchObject({
      metadata: { name: slot === "2" ? "2" : uuid },
      status: { state: "Unhealthy" },
    });
    expect((await host.container("alice/one"))!.status.container).toEqual(one.status.container);
    change(Number(slot), (gpu) => void delete gpu.gone);
    await gpuWhen(slot, "well", ({ status }) => status.state === "Allocated" && status.health === undefined);
    await host.remove("alice/one");
  });

  it("must not get back what has ended on them", async () => {
    // Three failures a day would keep a GPU back for good, and the first ones have failed before.
    for (const name of (await host.gpus()).keys()) await host.ds01("uncordon", `gpu/${name}`);
    host.drop("users/alice/again.yaml", containerSpec("again", oneGpu));
    const first = (await host.waitForReady("alice/again")).status;
    const { slot } = first.gpus[0]!;
    tell(Number(slot), 62, "Internal micro-controller halt");
    await gpuWhen(slot, "sick", ({ status }) => status.state === "Unhealthy");
    await host.engine.docker.getContainer(first.container!.id).kill();
    const moved = await host.waitForAnother("alice/again", first.container!.id);
    expect(moved.status.gpus[0]!.slot).not.toBe(slot);
    const removed = await host.waitForEvent("alice/again", "Removing");
    expect(removed.message).toMatch(
      new RegExp(`GPU ${slot} is unhealthy: XID 62 .*made anew on another device`),
    );
    await host.remove("alice/again");
    await gpuWhen(slot, "well", ({ status }) => status.state === "Free");
  });

  it("must be remembered by the next controller, and errors of programs held against nobody", async () => {
    change(2, (gpu) => void (gpu.eccUncorrected = 3));
    const sick = await gpuWhen("2", "sick", ({ status }) => status.state === "Unhealthy");
    expect(sick.status.reason).toMatch(/^3 uncorrected memory errors \(ECC\) at /);
    tell(1, 94, "Contained: CE User Channel (0x9). RST: No, D-RST: No");
    await host.restartController();
    await gpuWhen("2", "well", ({ status }) => status.state === "Free");
    expect((await host.gpus()).get("1")?.status.state).toBe("Free");
    expect((await host.ds01("doctor")).stdout).toMatch(/ok +KernelLog +.*kern.log is read/);
    expect(host.proxy.mutations()).toEqual([]);
  });
});
