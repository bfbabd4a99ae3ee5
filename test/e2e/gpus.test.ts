import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { DeviceWatch } from "./device-watch.ts";
import { dockerName, requestedDevices, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const oneGpu = {
  gpus: { count: 1 },
  stopGracePeriod: "2s",
  lifecycle: { holdGpuAfterStop: "1s" },
};
/** Long enough to be seen held also where a look takes its time. */
const holdMs = 5000;
const heldGpu = { ...oneGpu, lifecycle: { holdGpuAfterStop: "5s" } };

describe("four GPUs", () => {
  let host: Host;
  let watch: DeviceWatch;

  beforeAll(async () => {
    host = await startHost({ name: "gpus", nvidia: "4xA100-80GB" });
  });

  beforeEach(async () => {
    watch = await DeviceWatch.open(host.engine.docker);
  });

  afterEach(() => watch.close());

  afterAll(async () => host.stop());

  const objects = async (keys: readonly string[]): Promise<readonly ContainerObject[]> =>
    (await Promise.all(keys.map(async (key) => host.container(key)))).filter(
      (object) => object !== undefined,
    );

  it("must serve four of eight containers, tell the others why, and hand over one by one", async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `user${index}/job`);
    for (const key of keys) host.drop(`users/${key}.yaml`, containerSpec("job", heldGpu));
    const settled = await waitFor(
      "four to run and four to be told their place in a queue of four",
      async () => {
        const all = await objects(keys);
        const running = all.filter(({ status }) => status.phase === "Running");
        const waiting = all.filter(({ status }) => status.queue?.of === 4);
        // The first of them are told before the others have come.
        const places = new Set(waiting.map(({ status }) => status.queue?.position));
        return running.length === 4 && places.size === 4 && { running, waiting };
      },
      { intervalMs: 50 },
    );
    const uuids = settled.running.flatMap(({ status }) => status.gpus.map(({ uuid }) => uuid));
    expect(new Set(uuids).size).toBe(4);
    for (const { metadata, status } of settled.running) {
      const inspected = await host.dockerInspect(`${metadata.namespace}/job`);
      expect(requestedDevices(inspected)).toEqual(status.gpus.map(({ uuid }) => uuid));
    }
    const positions = settled.waiting.map(({ status }) => status.queue?.position);
    expect(positions.toSorted((a = 0, b = 0) => a - b)).toEqual([1, 2, 3, 4]);
    for (const { metadata, status } of settled.waiting) {
      expect(status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices", gpus: [] });
      expect(status.message).toContain("Needs 1 whole GPU. 4 GPUs here: 4 allocated");
      for (const holder of settled.running)
        expect(status.message).toContain(`${holder.metadata.namespace}/job`);
      expect(await host.containersOf(`${metadata.namespace}/job`)).toEqual([]);
    }

    const [first] = settled.waiting.toSorted(
      (a, b) => (a.status.queue?.position ?? 0) - (b.status.queue?.position ?? 0),
    );
    const stopped = settled.running[0]!;
    const freed = stopped.status.gpus[0]!.uuid;
    const from = `${stopped.metadata.namespace}/job`;
    const next = `${first!.metadata.namespace}/job`;
    expect(await host.ds01("stop", from)).toMatchObject({ code: 0 });
    const held = await host.waitForPhase(from, "Held");
    expect(held.status).toMatchObject({ reason: "GpuHeld", gpus: [{ uuid: freed }] });
    const heir = await host.waitForReady(next);
    expect(heir.status.gpus).toMatchObject([{ uuid: freed }]);
    expect(Date.parse(heir.status.container!.startedAt!)).toBeGreaterThanOrEqual(
      Date.parse(held.status.container!.finishedAt!) + holdMs,
    );
    expect((await host.waitForPhase(from, "Released")).status.gpus).toEqual([]);

    for (const { metadata } of settled.running.slice(1)) await host.ds01("stop", `${metadata.namespace}/job`);
    for (const { metadata } of settled.waiting) await host.waitForReady(`${metadata.namespace}/job`);
    // The engine's own events come on a connection of their own.
    const taken = (): readonly number[] => [...watch.taken.values()].map((names) => names.length);
    await expect.poll(taken).toEqual([2, 2, 2, 2]);
    expect(watch.violations).toEqual([]);
    await host.remove(...keys);
  });

  it("must serve twenty jobs dropped at once one after the other on each GPU", async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `crowd${index}/job`);
    const job = {
      command: ["sleep", "0.3"],
      restartPolicy: "Never",
      gpus: { count: 1 },
      lifecycle: { holdGpuAfterStop: "0s" },
    };
    for (const key of keys) host.drop(`users/${key}.yaml`, containerSpec("job", job));
    await waitFor(
      "all twenty to be done",
      async () => (await objects(keys)).filter(({ status }) => status.phase === "Completed").length === 20,
      { intervalMs: 100 },
    );
    const names = keys.map((key) => dockerName(key)).toSorted();
    await expect.poll(() => [...watch.taken.values()].flat().toSorted()).toEqual(names);
    expect(watch.violations).toEqual([]);
    await host.remove(...keys);
  });

  it("must not hand out a GPU that a process of the host uses", async () => {
    // One that waits for devices makes the controller look at them every few seconds.
    host.drop("users/bob/one.yaml", containerSpec("one", oneGpu));
    const own = (await host.waitForReady("bob/one")).status.gpus[0]!.slot;
    host.drop("users/alice/all.yaml", containerSpec("all", { ...oneGpu, gpus: { count: 4 } }));
    await host.waitForObject("alice/all", "waiting", ({ status }) => status.queue !== undefined);

    const foreign = spawn("sleep", ["300"], { stdio: "ignore" });
    const index = own === "0" ? 1 : 0;
    updateGpuState(host.engine.gpuState, ({ gpus }) => {
      gpus[index]!.processes.push({ pid: foreign.pid!, name: "python", memoryMiB: 20_000, type: "C" });
    });
    const waiting = await host.waitForObject("alice/all", "waiting for the host's process", ({ status }) =>
      (status.message ?? "").includes(`pid ${foreign.pid}`),
    );
    expect(waiting.status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices" });
    const used = await host.waitForGpu(String(index), "in use", ({ status }) => status.state === "InUse");
    expect(used).toMatchObject({
      spec: { uuid: readGpuState(host.engine.gpuState).gpus[index]!.uuid },
      status: { state: "InUse", holder: null, reason: expect.stringContaining(`pid ${foreign.pid}`) },
    });
    for (const name of ["two", "three"]) host.drop(`users/bob/${name}.yaml`, containerSpec(name, oneGpu));
    const keys = ["bob/two", "bob/three"];
    const running = await Promise.all(keys.map(async (key) => host.waitForReady(key)));
    const slots = running.flatMap(({ status }) => status.gpus.map(({ slot }) => slot));
    expect([own, ...slots].toSorted()).toEqual(["0", "1", "2", "3"].filter((slot) => slot !== String(index)));
    // Only now: of three that come at the same time any two may be first.
    host.drop("users/bob/four.yaml", containerSpec("four", oneGpu));
    await host.waitForPending("bob/four", "WaitingForDevices");
    await host.remove("bob/four", ...keys, "bob/one");

    updateGpuState(host.engine.gpuState, ({ gpus }) => gpus[index]!.processes.splice(0));
    foreign.kill();
    expect((await host.waitForReady("alice/all")).status.gpus).toHaveLength(4);
    await host.remove("alice/all");
  });

  it("must not hand out GPUs that a container without our labels sees", async () => {
    const container = await host.engine.docker.createContainer({
      name: "notebook-of-dave",
      Image: "bed/base:1",
      HostConfig: { DeviceRequests: [{ Driver: "nvidia", Count: -1, Capabilities: [["gpu"]] }] },
    });
    await container.start();
    const states = async (): Promise<string> =>
      [...(await host.gpus()).values()].map(({ status }) => status.state).join();
    await waitFor("all four to be in use", async () => (await states()) === "InUse,InUse,InUse,InUse");
    host.drop("users/alice/one.yaml", containerSpec("one", oneGpu));
    const waiting = await host.waitForObject(
      "alice/one",
      "waiting",
      ({ status }) => status.queue !== undefined,
    );
    expect(waiting.status.message).toContain("notebook-of-dave");
    expect((await host.ds01("get", "gpus")).stdout).toMatch(/^0 .* InUse .*notebook-of-dave/m);
    await container.remove({ force: true });
    await host.waitForReady("alice/one");
    await host.remove("alice/one");
  });
});
