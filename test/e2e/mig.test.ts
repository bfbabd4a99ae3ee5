import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGpuState, setMigLayout, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { requestedDevices, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const bobsGpus = { nominal: 0.3, allowFullGpu: false, profiles: ["2g.20gb"] };
const slice = (profile: string): object => ({ gpus: { count: 1, profile } });

describe("a GPU cut into MIG slices beside a whole one", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "mig", nvidia: "A100-80GB:3g.40gb+2g.20gb A100-80GB" });
  });

  afterAll(async () => host.stop());

  it("must hand slices out one by one, by UUID, and see nothing else inside", async () => {
    const [cut] = readGpuState(host.engine.gpuState).gpus;
    for (const { profile, uuid } of cut!.migDevices) {
      const name = `s${profile.slice(0, 2)}`;
      host.drop(`users/alice/${name}.yaml`, containerSpec(name, slice(profile)));
      const { status } = await host.waitForReady(`alice/${name}`);
      expect(status.gpus).toMatchObject([{ uuid, profile, slot: expect.stringMatching(/^0:\d$/) }]);
      const inspected = await host.dockerInspect(`alice/${name}`);
      expect(requestedDevices(inspected)).toEqual([uuid]);
      expect(inspected.Config.Env).toContain(`CUDA_VISIBLE_DEVICES=${uuid}`);
      const listed = (await host.dockerExec(`alice/${name}`, "nvidia-smi", "-L")).output;
      expect(listed.match(/MIG-[0-9a-f-]+/g)).toEqual([uuid]);
      const shown = await host.waitForGpu(status.gpus[0]!.slot, "held", (gpu) => gpu.status.holder !== null);
      expect(shown).toMatchObject({
        spec: { profile, parent: cut!.uuid },
        status: { state: "Allocated", holder: { namespace: "alice", name } },
      });
    }
  });

  it("must give a second container of a taken profile a place in the queue", async () => {
    host.drop("users/bob/second.yaml", containerSpec("second", slice("2g.20gb")));
    const { status } = await host.waitForPending("bob/second", "WaitingForDevices");
    expect(status.queue).toMatchObject({ position: 1, of: 1 });
    expect(status.message).toContain("alice/s2g");
  });

  it("must never hand out the GPU that is cut", async () => {
    const [cut, whole] = readGpuState(host.engine.gpuState).gpus;
    host.drop("users/bob/whole.yaml", containerSpec("whole", { gpus: { count: 1 } }));
    expect((await host.waitForReady("bob/whole")).status.gpus).toMatchObject([
      { uuid: whole!.uuid, slot: "1" },
    ]);
    host.drop("users/carol/whole.yaml", containerSpec("whole", { gpus: { count: 1 } }));
    const { status } = await host.waitForPending("carol/whole", "WaitingForDevices");
    expect(status.message).toContain("1 cut into MIG");
    expect((await host.gpus()).get("0")).toMatchObject({
      spec: { uuid: cut!.uuid },
      status: { holder: null, reason: "cut into MIG slices" },
    });
    const table = (await host.ds01("get", "gpus")).stdout;
    expect(table).toMatch(/^0 +NVIDIA A100-SXM4-80GB +80Gi +\(MIG\) /m);
    host.drop("users/dave/two.yaml", containerSpec("two", { gpus: { count: 2 } }));
    await host.waitForPending("dave/two", "NoMatchingDevice");
  });
});

describe("indices that are given anew", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "renumbered", nvidia: "A100-80GB:3g.40gb+2g.20gb A100-80GB" });
  });

  afterAll(async () => host.stop());

  it("must move nothing that runs, and give who waits what is free under its new number", async () => {
    const [cut, whole] = readGpuState(host.engine.gpuState).gpus;
    host.drop("users/alice/slice.yaml", containerSpec("slice", slice("2g.20gb")));
    host.drop("users/alice/whole.yaml", containerSpec("whole", { gpus: { count: 1 } }));
    const before = await Promise.all(
      ["alice/slice", "alice/whole"].map(async (key) => host.waitForReady(key)),
    );
    expect(before.map(({ status }) => status.gpus[0]!.slot)).toEqual(["0:1", "1"]);
    expect((await host.gpus()).get("0:1")!.spec).toMatchObject({ placement: "4:2", gpuInstance: 3 });
    host.drop(
      "users/bob/waits.yaml",
      containerSpec("waits", { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" } }),
    );
    await host.waitForPending("bob/waits", "WaitingForDevices");

    host.proxy.clear();
    updateGpuState(host.engine.gpuState, ({ gpus }) => void gpus.reverse());
    await waitFor(
      "the new numbers to be seen",
      async () => (await host.gpus()).get("0")?.spec.uuid === whole!.uuid,
    );
    const slots = async (key: string): Promise<unknown> =>
      (await host.container(key))?.status.gpus.map(({ uuid, slot }) => `${slot} ${uuid}`);
    await waitFor("the slots to be told anew", async () =>
      String(await slots("alice/slice")).startsWith("1:1"),
    );
    expect(await slots("alice/slice")).toEqual([`1:1 ${cut!.migDevices[1]!.uuid}`]);
    await waitFor("the slot of the GPU too", async () => String(await slots("alice/whole")).startsWith("0"));
    expect(host.proxy.mutations()).toEqual([]);

    expect(await host.ds01("stop", "alice/whole")).toMatchObject({ code: 0 });
    host.removeFile("users/alice/whole.yaml");
    const heir = await host.waitForReady("bob/waits");
    expect(heir.status.gpus).toMatchObject([{ uuid: whole!.uuid, slot: "0" }]);
    expect(requestedDevices(await host.dockerInspect("bob/waits"))).toEqual([whole!.uuid]);
  });
});

describe("a card that is cut anew behind our back", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "recut", nvidia: "A100-80GB:3g.40gb+2g.20gb" });
  });

  afterAll(async () => host.stop());

  it("must leave what runs alone, hand out nothing of its place, and give it another slice when it has ended", async () => {
    host.drop("users/alice/slice.yaml", containerSpec("slice", slice("2g.20gb")));
    const before = await host.waitForReady("alice/slice");
    const [held] = before.status.gpus;
    const { Id } = await host.dockerInspect("alice/slice");

    // In the new layout the driver gives its UUID to a slice of the same profile in another place.
    host.proxy.clear();
    updateGpuState(host.engine.gpuState, ({ gpus }) => setMigLayout(gpus[0]!, "2g.20gb+2g.20gb+2g.20gb"));
    const [again] = readGpuState(host.engine.gpuState).gpus[0]!.migDevices;
    expect(again).toMatchObject({ uuid: held!.uuid, start: 0 });
    const gone = await host.waitForObject(
      "alice/slice",
      "told that its slice is gone",
      ({ status }) => status.reason === "DeviceGone",
    );
    expect(gone.status).toMatchObject({
      phase: "Running",
      message: expect.stringContaining("slice 0:1 (2g.20gb at 4:2) is not there any more"),
      gpus: [{ ...held, reason: "DeviceGone" }],
    });
    expect(gone.status.conditions).toContainEqual(
      expect.objectContaining({ type: "GpuAllocated", status: "False", reason: "DeviceGone" }),
    );
    expect(gone.status.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: "True" }));
    expect((await host.events("alice/slice")).filter(({ reason }) => reason === "DeviceGone")).toMatchObject([
      { type: "Warning", count: 1 },
    ]);
    expect((await host.ds01("describe", "container", "slice")).stdout).toContain("2g.20gb DeviceGone");
    expect((await host.ds01("get", "containers")).stdout).toMatch(/slice .*Running .*DeviceGone/);

    // Of the three slices one bears its UUID and one lies in its place: only the third may be given away.
    const place = await host.waitForGpu("0:2", "in use", ({ status }) => status.state === "InUse");
    expect(place.status).toMatchObject({
      holder: { name: "slice" },
      reason: expect.stringContaining("0:1 (2g.20gb at 4:2) is gone") as string,
    });
    host.drop("users/bob/one.yaml", containerSpec("one", slice("2g.20gb")));
    expect((await host.waitForReady("bob/one")).status.gpus[0]).toMatchObject({ slot: "0:1" });
    host.drop("users/carol/two.yaml", containerSpec("two", slice("2g.20gb")));
    const waiting = await host.waitForPending("carol/two", "WaitingForDevices");
    expect(waiting.status.message).toContain("2 in use by work whose own slice is gone (alice/slice)");
    expect((await host.dockerInspect("alice/slice")).Id).toBe(Id);
    expect(host.proxy.mutations().filter((call) => call.includes(Id))).toEqual([]);

    await host.engine.docker.getContainer(Id).kill();
    const after = await host.waitForObject(
      "alice/slice",
      "on a slice that is there",
      ({ status }) =>
        status.container?.id !== Id && status.phase === "Running" && status.reason === undefined,
    );
    const heir = await host.waitForReady("carol/two");
    expect([after, heir].map(({ status }) => status.gpus[0]!.slot).toSorted()).toEqual(["0:0", "0:2"]);
    expect(after.status.gpus[0]).not.toHaveProperty("reason");
    const places = async (): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries([...(await host.gpus())].map(([slot, { status }]) => [slot, status.state]));
    await expect.poll(places).toMatchObject({ "0:0": "Allocated", "0:1": "Allocated", "0:2": "Allocated" });
  });

  it("must not keep a stopped container's place on a slice that is gone", async () => {
    const hold = { ...slice("2g.20gb"), lifecycle: { holdGpuAfterStop: "1h" } };
    await host.remove("alice/slice", "bob/one", "carol/two");
    host.drop("users/alice/held.yaml", containerSpec("held", hold));
    await host.waitForReady("alice/held");
    await host.ds01("stop", "alice/held");
    await host.waitForPhase("alice/held", "Held");
    host.drop("users/bob/large.yaml", containerSpec("large", slice("7g.80gb")));
    await host.waitForPhase("bob/large", "Pending");
    updateGpuState(host.engine.gpuState, ({ gpus }) => setMigLayout(gpus[0]!, "7g.80gb"));
    const large = await host.waitForReady("bob/large");
    expect(large.status.gpus).toMatchObject([{ profile: "7g.80gb" }]);
    const { status } = await host.waitForPhase("alice/held", "Released");
    expect(status.message).toContain("is not there any more");
    expect(status.gpus).toEqual([]);
  });
});

describe("a card with room for more slices", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "room", nvidia: "A100-80GB:3g.40gb" });
  });

  afterAll(async () => host.stop());

  it("must tell who waits for one where an admin can cut it, and give it away once it is cut", async () => {
    host.drop("users/alice/small.yaml", containerSpec("small", slice("2g.20gb")));
    const never = await host.waitForObject(
      "alice/small",
      "told",
      ({ status }) => status.reason === "NoMatchingDevice",
    );
    expect(never.status.message).toContain("nvidia-smi mig -i 0 -cgi 14:4 -C");
    const described = (await host.ds01("describe", "gpu", "0")).stdout;
    expect(described).toMatch(/Room for: +3g\.40gb at 4\n/);
    expect(described).toMatch(/ 1g\.10gb at 4, 5, 6\n/);
    updateGpuState(host.engine.gpuState, ({ gpus }) => setMigLayout(gpus[0]!, "3g.40gb+2g.20gb"));
    const { status } = await host.waitForReady("alice/small");
    expect(status.gpus).toMatchObject([{ profile: "2g.20gb", slot: "0:1" }]);
    expect((await host.ds01("describe", "gpu", "0")).stdout).toMatch(/ 1g\.10gb at 6\n/);
  });
});

/** Calls of nvidia-smi that change a card. */
function cutsOf(host: Host): readonly string[] {
  return readFileSync(join(host.engine.directory, "smi.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { arguments: string[] }).arguments.join(" "))
    .filter((line) => /-cgi|-dci|-dgi|-mig/.test(line));
}

/** What GPU 0 is cut into: `3g.40gb@0`. */
function layoutOf(host: Host): readonly string[] {
  return readGpuState(host.engine.gpuState).gpus[0]!.migDevices.map(
    ({ profile, start }) => `${profile}@${start}`,
  );
}

describe("cards that ds01 may cut", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "dynamic",
      nvidia: "A100-80GB:3g.40gb",
      configuration: "trust: path\nmig: {dynamic: true}\n",
    });
  });

  afterAll(async () => host.stop());

  const calls = (): readonly string[] => cutsOf(host);
  const layout = (): readonly string[] => layoutOf(host);

  it("must cut what is waited for by place, take only idle slices of its own away, and forget neither by a restart", async () => {
    const own = { holdGpuAfterStop: "0s" };
    const [theirs] = readGpuState(host.engine.gpuState).gpus[0]!.migDevices;
    host.drop("users/alice/small.yaml", containerSpec("small", { ...slice("2g.20gb"), lifecycle: own }));
    const small = await host.waitForReady("alice/small");
    expect(small.status.gpus).toMatchObject([{ profile: "2g.20gb" }]);
    expect(layout()).toEqual(["3g.40gb@0", "2g.20gb@4"]);
    expect(calls()).toEqual([expect.stringMatching(/^mig -i GPU-\S+ -cgi 14:4 -C$/)]);
    expect((await host.ds01("events", "-A")).stdout).toContain("SliceCut");

    // What it needs more of is in use, or not ds01's: it waits, and nothing is taken from anybody.
    host.drop("users/bob/large.yaml", containerSpec("large", { ...slice("7g.80gb"), lifecycle: own }));
    await host.waitForPending("bob/large", "WaitingForDevices");
    host.drop(
      "users/carol/middle.yaml",
      containerSpec("middle", { gpus: { count: 2, profile: "3g.40gb" }, lifecycle: own }),
    );
    await host.waitForPhase("carol/middle", "Pending");
    await host.restartController();
    await holdsFor(3000, async () => expect(layout()).toContain("2g.20gb@4"));
    await host.remove("alice/small");
    const middle = await host.waitForReady("carol/middle");
    expect(middle.status.gpus.map(({ uuid }) => uuid)).toContain(theirs!.uuid);
    expect(layout().toSorted()).toEqual(["3g.40gb@0", "3g.40gb@4"]);
    await host.remove("carol/middle");
    await host.waitForPending("bob/large", "WaitingForDevices");
    expect(layout()).toContain("3g.40gb@0");
    expect(calls().filter((line) => line.includes("-gi 1"))).toEqual([]);
    expect(calls().filter((line) => line.includes("-mig"))).toEqual([]);
  });
});

describe("cards that ds01 may cut for who takes a slice or a GPU", () => {
  let host: Host;
  const either = (minMemory: string): object => ({
    gpus: { count: 1, allowMig: true, minMemory },
    lifecycle: { holdGpuAfterStop: "0s" },
  });

  beforeAll(async () => {
    host = await startHost({
      name: "either-cut",
      nvidia: "A100-80GB:3g.40gb A100-80GB",
      configuration: "trust: path\nmig: {dynamic: true}\n",
      files: { "quotas/bob.yaml": quotaSpec("bob", { subjects: { users: ["bob"] }, gpus: bobsGpus }) },
    });
  });

  afterAll(async () => host.stop());

  it("must give what is free, then cut the smallest slice that will do and is granted, and count that", async () => {
    const [theirs] = readGpuState(host.engine.gpuState).gpus[0]!.migDevices;
    host.drop("users/alice/large.yaml", containerSpec("large", either("60Gi")));
    expect((await host.waitForReady("alice/large")).status.gpus).toMatchObject([{ slot: "1" }]);
    host.drop("users/alice/middle.yaml", containerSpec("middle", either("30Gi")));
    expect((await host.waitForReady("alice/middle")).status.gpus).toMatchObject([{ uuid: theirs!.uuid }]);
    expect(cutsOf(host)).toEqual([]);

    host.drop("users/alice/small.yaml", containerSpec("small", either("15Gi")));
    const small = await host.waitForReady("alice/small");
    expect(small.status.gpus).toMatchObject([{ profile: "1g.20gb" }]);
    expect(requestedDevices(await host.dockerInspect("alice/small"))).toEqual([small.status.gpus[0]!.uuid]);
    expect(layoutOf(host)).toEqual(["3g.40gb@0", "1g.20gb@6"]);

    // The smaller 1g.10gb has less than ten, and 1g.20gb is not granted.
    host.drop("users/bob/own.yaml", containerSpec("own", either("10Gi")));
    const own = await host.waitForReady("bob/own");
    expect(own.status.gpus).toMatchObject([{ profile: "2g.20gb" }]);
    const { spec } = (await host.gpus()).get(own.status.gpus[0]!.slot)!;
    expect(spec).toMatchObject({ placement: "4:2", gpuEquivalents: 2 / 7 });
    expect((await host.ds01("events", "-A")).stdout).toContain(
      "bob/own waits for 1 GPU or slice with at least",
    );
    const cuts = cutsOf(host);
    const [card] = readGpuState(host.engine.gpuState).gpus;
    expect(cuts).toEqual([`mig -i ${card!.uuid} -cgi 15:6 -C`, `mig -i ${card!.uuid} -cgi 14:4 -C`]);

    host.drop("users/bob/more.yaml", containerSpec("more", either("10Gi")));
    await host.waitForPending("bob/more", "WaitingForQuota");
    host.drop("users/carol/middle.yaml", containerSpec("middle", either("30Gi")));
    const waiting = await host.waitForObject(
      "carol/middle",
      "told that there is no room",
      ({ status }) => status.message?.includes("No card that ds01 may cut has room for it now") === true,
    );
    expect(waiting.status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices" });
    const described = (
      await host.ds01With({ environment: { DS01_NAMESPACE: "carol" } }, "describe", "container", "middle")
    ).stdout;
    expect(described.replaceAll(/\s+/g, " ")).toContain("has room for it now (3g.40gb)");
    await holdsFor(3000, async () => expect(cutsOf(host)).toEqual(cuts));
  });

  it("must take away only idle slices of its own for it, by place, and switch MIG on nowhere", async () => {
    await host.remove("bob/more", "bob/own", "alice/small");
    const middle = await host.waitForReady("carol/middle");
    expect(middle.status.gpus).toMatchObject([{ profile: "3g.40gb" }]);
    expect(layoutOf(host).toSorted()).toEqual(["3g.40gb@0", "3g.40gb@4"]);
    const [card, whole] = readGpuState(host.engine.gpuState).gpus;
    expect(cutsOf(host).filter((line) => !line.includes(card!.uuid))).toEqual([]);
    expect(cutsOf(host).filter((line) => line.includes("-mig"))).toEqual([]);
    expect(whole).toMatchObject({ migMode: "Disabled", migDevices: [] });
    expect((await host.container("alice/middle"))?.status).toMatchObject({ phase: "Running", restarts: 0 });
  });
});
