import { expect, onTestFinished, test } from "vitest";
import type { ContainerRecord } from "../../src/core/record.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";
import { fakeImage } from "../support/fake-images.ts";
import { MemoryStore } from "../support/memory-store.ts";

function newBed(settings: ConstructorParameters<typeof ControllerBed>[0] = {}): ControllerBed {
  const bed = new ControllerBed(settings);
  onTestFinished(() => bed.stop());
  return bed;
}

const oneGpu = "gpus: { count: 1 }";

test("who waits for a GPU gets it the moment the hold of a stopped container ends", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.declare("alice", "first", [oneGpu, "lifecycle: { holdGpuAfterStop: 2m }"]);
  bed.start();
  await bed.until("the first to run", () => bed.phase("alice/first") === "Running");
  bed.declare("alice", "first", [oneGpu, "lifecycle: { holdGpuAfterStop: 2m }", "desiredState: Stopped"]);
  await bed.until("the first to hold", () => bed.phase("alice/first") === "Held");
  const heldAt = bed.clock.now();
  // So that none of its regular looks falls on the end of the hold.
  await bed.pass(13_000);
  bed.declare("bob", "second", [oneGpu]);
  await bed.until("the second to wait", () => bed.record("bob/second")?.status.queue !== undefined);
  await bed.until("the second to run", () => bed.phase("bob/second") === "Running", 180_000);
  expect(bed.clock.now() - heldAt).toBeLessThan(121_000);
});

test("a GPU is shown as free the moment its hold ends", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  const stopped = [oneGpu, "lifecycle: { holdGpuAfterStop: 2m }", "desiredState: Stopped"];
  bed.declare("alice", "first", stopped.slice(0, 2));
  bed.start();
  await bed.until("the first to run", () => bed.phase("alice/first") === "Running");
  bed.declare("alice", "first", stopped);
  const states = (): readonly string[] =>
    bed.manager
      .controlPlane()
      .gpus.list()
      .map(({ status }) => status.state);
  await bed.until("the GPU to be held", () => states().join() === "Held");
  expect(bed.published.get("gpu-state.json")).toContain("first._.alice");
  await bed.pass(121_000);
  expect(states()).toEqual(["Free"]);
  expect(bed.published.get("gpu-state.json")).not.toContain("first._.alice");
});

test("who is kept back by something else than devices holds up nobody in the queue", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  // Nobody knows zoe, and to find that out takes longer than to look at bob's object.
  bed.identity.accountOf = async () => {
    await bed.turns();
    return undefined;
  };
  bed.declare("zoe", "early", [oneGpu, "user: owner"]);
  bed.declare("bob", "late", [oneGpu]);
  bed.start();
  await bed.until("the late one to run", () => bed.phase("bob/late") === "Running", 2000);
  expect(bed.phase("zoe/early")).toBe("Pending");
});

test("an image that arrives by hand is taken up at once by who waits for it and for a GPU", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.runtime.imagesHere.delete("bed/gpu:1");
  bed.source.write(
    "users/alice/train.yaml",
    `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata: { name: train, namespace: alice }
spec: { image: "bed/gpu:1", imagePullPolicy: Never, gpus: { count: 1 } }
`,
  );
  bed.start();
  await bed.until("train to wait", () => (bed.record("alice/train")?.status.reason ?? "") !== "");
  await bed.pass(100);
  bed.runtime.registry.set("bed/gpu:1", fakeImage("bed/gpu:1"));
  await bed.runtime.pull("bed/gpu:1");
  await bed.until("train to run", () => bed.phase("alice/train") === "Running", 2000);
});

test("a lingering process is looked at again, and its GPU comes back when it has ended", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.declare("alice", "train", [oneGpu, "restartPolicy: Never"]);
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  bed.declare("alice", "train", [
    oneGpu,
    "restartPolicy: Never",
    "desiredState: Stopped",
    "lifecycle: { holdGpuAfterStop: 0s }",
  ]);
  bed.runtime.killShim("train._.alice");
  await bed.pass(5000);
  const claims = (): number =>
    bed.manager
      .controlPlane()
      .gpus.list()
      .filter(({ status }) => status.state !== "Free").length;
  expect(claims()).toBe(1);
  bed.runtime.container("train._.alice").lingering = false;
  await bed.until("the GPU to be free", () => claims() === 0, 40_000);
});

test("a GPU stack whose question fails ends nothing and is asked again", async () => {
  const bed = newBed();
  let asked = 0;
  bed.provider.answer = () => {
    asked += 1;
    if (asked <= 2) throw new Error("spawn nvidia-smi EMFILE");
    return inventory([gpu(0)]);
  };
  bed.declare("alice", "train", [oneGpu]);
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running", 60_000);
});

test("an object whose file comes back while it is forgotten is kept", async () => {
  const bed = newBed();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  let revived = false;
  bed.store.afterPut = (record) => {
    if (revived || record.deletion === null || bed.runtime.containers.length > 0) return;
    revived = true;
    queueMicrotask(() => {
      bed.store.putSoon({ ...record, deletion: null } as ContainerRecord);
      bed.declare("alice", "train");
    });
  };
  bed.source.remove("users/alice/train.yaml");
  await bed.until("the file to be back", () => revived, 20_000);
  await bed.until("train to run again", () => bed.phase("alice/train") === "Running");
  expect(bed.events.map(({ reason }) => reason)).not.toContain("Deleted");
});

test("a dry run says what it would do, once, and leaves engine, memory and views as they are", async () => {
  const bed = newBed({ dryRun: true });
  bed.declare("alice", "train");
  bed.start();
  await bed.until("settled", () => bed.manager.settled());
  await bed.pass(120_000);
  expect(bed.runtime.mutations).toEqual([]);
  const would = bed.log.lines.filter(({ message }) => message === "would run").map(({ fields }) => fields);
  expect(would.filter((fields) => fields["do"] === "create")).toEqual([
    expect.objectContaining({ target: "train._.alice", namespace: "alice", name: "train" }),
  ]);
  expect(bed.record("alice/train")?.memory.state).toBe("Pending");
  expect(bed.published.size).toBe(0);
  expect(bed.manager.asDeclared()).toBe(false);
});

test("a dry run says what it would delete, and deletes nothing", async () => {
  const store = new MemoryStore();
  const first = new ControllerBed({}, store);
  first.declare("alice", "train");
  first.declare("alice", "other");
  first.start();
  await first.until("train to run", () => first.phase("alice/train") === "Running");
  await first.stop();
  const bed = new ControllerBed({ dryRun: true }, store);
  onTestFinished(() => bed.stop());
  bed.declare("alice", "other");
  bed.start();
  await bed.pass(20_000);
  expect(bed.record("alice/train")?.deletion).toBeNull();
  expect(bed.log.lines.map(({ message }) => message)).toContain("would delete");
});

/** Users whose first look takes 5 ms: several are decided on before the host is looked at as a whole. */
async function bedOfManyUsers(users: readonly string[]): Promise<ControllerBed> {
  const bed = newBed({ workers: users.length });
  bed.provider.answer = () => inventory([gpu(0)]);
  for (const user of users) bed.identity.add(user, 2000);
  bed.declare("alice", "first", [oneGpu]);
  bed.start();
  await bed.until("the first to run", () => bed.phase("alice/first") === "Running");
  await bed.pass(1000);
  bed.identity.groupsOf = async () => {
    await new Promise<void>((resolve) => bed.clock.callAt(bed.clock.now() + 5, resolve));
    return [];
  };
  for (const user of users) bed.declare(user, "job", [oneGpu]);
  return bed;
}

/** What those who wait were told of their places, the first one first. */
function places(bed: ControllerBed): readonly string[] {
  return bed.store
    .list("ContainerSpec")
    .flatMap(({ status: { queue } }) => (queue === undefined ? [] : [`${queue.position}/${queue.of}`]))
    .toSorted();
}

test("looking at those who wait moves nobody in the queue", async () => {
  const bed = await bedOfManyUsers(["u1", "u2", "u3", "u4"]);
  const told = new Map<string, number>();
  bed.store.afterPut = (record) => {
    if (record.kind !== "ContainerSpec" || record.status.queue?.of !== 4) return;
    if (!told.has(record.uid)) told.set(record.uid, record.status.queue.position);
  };
  await bed.until("all to wait", () => told.size === 4);
  await bed.pass(1000);
  expect(places(bed)).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  for (const { uid, status } of bed.store.list("ContainerSpec")) {
    expect(status.queue?.position).toBe(told.get(uid));
  }
});

test("who was told a place before somebody passed them is told the new one", async () => {
  const bed = await bedOfManyUsers(["u1", "u2"]);
  bed.identity.add("vip", 2001);
  await bed.until("both to wait", () => places(bed).length === 2);
  // In the same moment, so that neither was looked at a second time.
  bed.declare("vip", "job", [oneGpu, "priority: 90"]);
  await bed.pass(1000);
  expect(places(bed)).toEqual(["1/3", "2/3", "3/3"]);
  expect(bed.record("vip/job")?.status.queue?.position).toBe(1);
  expect(bed.record("u2/job")?.status.message).toContain("behind u1/job");
});

test("who waits for a host path is looked at again a few seconds after it is there", async () => {
  const bed = newBed();
  bed.source.write(
    "quotas/all.yaml",
    `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: { name: all }
spec: { subjects: { default: true }, policy: { hostPaths: [{ path: "/data/**" }] } }
`,
  );
  bed.missingHostPaths.add("/data/new");
  bed.declare("alice", "train", [
    "volumes: [{ name: data, mountPath: /data, hostPath: { path: /data/new } }]",
  ]);
  bed.start();
  await bed.until("it to wait", () => bed.record("alice/train")?.status.reason === "MountMissing");
  await bed.pass(12_000);
  expect(bed.runtime.count("create")).toBe(0);

  bed.missingHostPaths.clear();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running", 6000);
});
