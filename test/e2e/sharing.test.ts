import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState } from "../bed/nvidia/state.ts";
import { requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const shared = { gpus: { count: 1, shared: { replicas: 2 } }, lifecycle: { holdGpuAfterStop: "0s" } };
const whole = { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" } };
const plain = "trust: path\n";
const sharing = `${plain}sharing: [{devices: ["1"], replicas: 2}]\n`;

describe("a whole GPU beside one that two may share", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "sharing",
      nvidia: "2xA100-80GB",
      configuration: sharing,
      files: {
        "quotas/bob.yaml":
          "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: bob}\nspec: {subjects: {users: [bob]}, gpus: {nominal: 0.5}}\n",
      },
    });
  });

  afterAll(async () => host.stop());

  const configure = (text: string): void => writeFileSync(join(host.directory, "config.yaml"), text);

  it("must let as many containers as declared share a GPU, each with a lease of its own", async () => {
    const card = readGpuState(host.engine.gpuState).gpus[1]!.uuid;
    const slots: string[] = [];
    for (const key of ["alice/one", "bob/one"]) {
      host.drop(`users/${key}.yaml`, containerSpec("one", shared));
      const { status } = await host.waitForReady(key);
      expect(status.gpus).toMatchObject([{ sharedBy: 2 }]);
      slots.push(status.gpus[0]!.slot);
      const inspected = await host.dockerInspect(key);
      expect(requestedDevices(inspected)).toEqual([card]);
      expect(inspected.Config.Env).toContain(`NVIDIA_VISIBLE_DEVICES=${card}`);
    }
    expect(slots.toSorted()).toEqual(["1.0", "1.1"]);
    const seen = await host.waitForGpu("1.0", "allocated", ({ status }) => status.state === "Allocated");
    expect(seen).toMatchObject({
      spec: { gpuEquivalents: 0.5, sharing: { replicas: 2, isolated: false } },
      status: { state: "Allocated" },
    });
    expect((await host.ds01("get", "gpus")).stdout).toMatch(/^1\.0 +1 of 2 time slices .*Allocated/m);
    expect((await host.ds01("describe", "gpu", "1.0")).stdout).toContain("nothing isolates them");
    expect((await host.ds01("describe", "container", "one")).stdout).toContain(
      "shared by up to 2, not isolated",
    );

    host.drop("users/bob/two.yaml", containerSpec("two", shared));
    await host.waitForPending("bob/two", "WaitingForQuota");
    host.drop("users/carol/one.yaml", containerSpec("one", shared));
    const waiting = await host.waitForPending("carol/one", "WaitingForDevices");
    expect(waiting.status.message).toContain(
      "2 time slices of GPUs that at most 2 containers share here: 2 allocated",
    );
    await host.remove("bob/two", "bob/one");
    await host.waitForReady("carol/one");
  });

  it("must never give a shared GPU to one alone, and say what never can be", async () => {
    host.drop("users/dave/own.yaml", containerSpec("own", whole));
    expect((await host.waitForReady("dave/own")).status.gpus).toMatchObject([{ slot: "0" }]);
    host.drop("users/eve/own.yaml", containerSpec("own", whole));
    const waiting = await host.waitForPending("eve/own", "WaitingForDevices");
    expect(waiting.status.message).toContain("1 shared in time slices");
    host.drop("users/eve/two.yaml", containerSpec("two", { gpus: { count: 2, shared: { replicas: 4 } } }));
    const never = await host.waitForObject(
      "eve/two",
      "refused",
      ({ status }) => status.reason === "NoMatchingDevice",
    );
    expect(never.status.message).toContain("lower spec.gpus.count to 1");
  });

  it("must leave what runs alone when the configuration shares otherwise, and give the GPU to nobody else meanwhile", async () => {
    const ids = async (): Promise<readonly string[]> =>
      Promise.all(
        ["alice/one", "carol/one", "dave/own"].map(async (key) => (await host.dockerInspect(key)).Id),
      );
    const before = await ids();
    await host.restartController(() => configure(plain));
    const gone = await host.waitForObject(
      "alice/one",
      "told",
      ({ status }) => status.reason === "DeviceGone",
    );
    expect(gone.status.message).toContain("the configuration shares GPUs otherwise now");
    await host.waitForObject("eve/own", "told who has it", ({ status }) =>
      (status.message ?? "").includes("in use by work whose own slice is gone"),
    );
    expect(await ids()).toEqual(before);
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("alice/one", "carol/one");
    expect((await host.waitForReady("eve/own")).status.gpus).toMatchObject([{ slot: "1" }]);

    await host.restartController(() => configure(sharing));
    const alone = await host.waitForObject("eve/own", "told", ({ status }) => status.reason === "DeviceGone");
    expect(alone.status.phase).toBe("Running");
    host.drop("users/alice/again.yaml", containerSpec("again", shared));
    await host.waitForPending("alice/again", "WaitingForDevices");
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("eve/own");
    expect((await host.waitForReady("alice/again")).status.gpus).toMatchObject([{ slot: "1.0" }]);
  });
});

describe("slices and GPUs", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "either",
      nvidia: "A100-80GB:3g.40gb+2g.20gb A100-80GB A100-80GB",
      configuration: `${plain}allocation: {strategy: leastAllocated, allowOverride: [binpack]}\n`,
      files: {
        "quotas/slices.yaml":
          "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: slices}\nspec: {subjects: {users: [bob]}, gpus: {allowFullGpu: false, profiles: [2g.20gb]}}\n",
      },
    });
  });

  afterAll(async () => host.stop());

  it("must give a slice or a GPU, the smallest that has the memory", async () => {
    const either = (minMemory: string): object => ({ gpus: { count: 1, allowMig: true, minMemory } });
    const slots: string[] = [];
    for (const [name, minMemory] of [
      ["a", "30Gi"],
      ["b", "10Gi"],
      ["c", "10Gi"],
      ["d", "70Gi"],
    ] as const) {
      host.drop(`users/alice/${name}.yaml`, containerSpec(name, either(minMemory)));
      slots.push((await host.waitForReady(`alice/${name}`)).status.gpus[0]!.slot);
    }
    expect(slots).toEqual(["0:0", "0:1", "1", "2"]);
    host.drop("users/bob/own.yaml", containerSpec("own", either("10Gi")));
    const waiting = await host.waitForPending("bob/own", "WaitingForDevices");
    expect(waiting.status.message).toContain("3 not granted by your quota (3g.40gb, whole GPUs)");
    host.drop("users/bob/never.yaml", containerSpec("never", either("30Gi")));
    await host.waitForObject("bob/never", "refused", ({ status }) => status.reason === "NoMatchingDevice");
    await host.remove("alice/b");
    expect((await host.waitForReady("bob/own")).status.gpus).toMatchObject([{ profile: "2g.20gb" }]);
    await host.remove("bob/own", "bob/never", "alice/a", "alice/c", "alice/d");
  });

  it("must choose as the spec says where the configuration allows it, and refuse it elsewhere", async () => {
    const asking = (name: string, gpus: object): string =>
      host.drop(`users/alice/${name}.yaml`, containerSpec(name, { gpus: { count: 1, ...gpus } }));
    asking("first", { profile: "2g.20gb" });
    await host.waitForReady("alice/first");
    asking("packed", { allowMig: true, minMemory: "30Gi", strategy: "binpack" });
    expect((await host.waitForReady("alice/packed")).status.gpus).toMatchObject([{ slot: "0:0" }]);
    asking("other", { strategy: "topology" });
    const refused = await host.waitForObject(
      "alice/other",
      "refused",
      ({ status }) => status.reason === "StrategyNotAllowed",
    );
    expect(refused.status.message).toContain("this host allows binpack");
    expect(await host.containersOf("alice/other")).toEqual([]);
  });
});
