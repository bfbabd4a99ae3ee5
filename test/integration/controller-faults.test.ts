import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { RuntimeCache } from "../../src/controller/runtime-cache.ts";
import { Ds01Error, StalledError, UnreachableError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { noAdoptions } from "../support/adoptions.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { desiredContainer } from "../support/desired-container.ts";
import { DeviceGuard } from "../support/device-guard.ts";
import { gpu, inventory } from "../support/devices.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { ownContainer } from "../support/own-container.ts";
import { silentLog } from "../support/silent-log.ts";

function newBed(...given: ConstructorParameters<typeof ControllerBed>): ControllerBed {
  const bed = new ControllerBed(...given);
  onTestFinished(() => bed.stop());
  return bed;
}

/** A controller that has made everything run that is declared. */
async function running(declare: (bed: ControllerBed) => void): Promise<ControllerBed> {
  const bed = newBed();
  declare(bed);
  bed.start();
  await bed.until("everything to run", () => {
    const all = bed.store.list("ContainerSpec");
    return all.length > 0 && all.every(({ status }) => status.phase === "Running");
  });
  return bed;
}

function cacheOf(runtime: FakeRuntime): RuntimeCache {
  return new RuntimeCache({
    runtime,
    clock: systemClock,
    log: silentLog(),
    adoptions: noAdoptions,
    onChange: () => undefined,
    onImage: () => undefined,
    onReady: () => undefined,
  });
}

const engineError = (): Error =>
  new Ds01Error({ reason: "EngineError", message: "driver failed: device or resource busy" });

test("an engine that is away at the start changes nothing, and is used when it comes", async () => {
  const bed = newBed();
  bed.runtime.goDown();
  bed.declare("alice", "train");
  bed.start();
  await bed.pass(30_000);
  expect(bed.record("alice/train")?.status).toMatchObject({ phase: "Pending", reason: "EngineUnreachable" });
  expect(bed.runtime.containers).toEqual([]);
  bed.runtime.comeUp();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
});

test("an engine that goes away stops nothing: not what is deleted, not what is edited, and it all follows later", async () => {
  const bed = await running((fresh) => {
    for (const name of ["kept", "deleted", "edited"]) fresh.declare("alice", name);
  });
  bed.runtime.goDown();
  bed.runtime.clearCalls();
  bed.source.remove("users/alice/deleted.yaml");
  bed.declare("alice", "edited", ["image: bed/health:1"]);
  await bed.pass(60_000);
  expect(bed.runtime.containers.map(({ state }) => state)).toEqual(["running", "running", "running"]);
  expect(bed.record("alice/kept")?.status).toMatchObject({ phase: "Running", reason: "EngineUnreachable" });

  bed.runtime.comeUp();
  await bed.until("the deleted one to go", () => bed.record("alice/deleted") === undefined, 60_000);
  expect(bed.phase("alice/kept")).toBe("Running");
  expect(bed.runtime.mutations.filter((one) => one.endsWith("kept._.alice"))).toEqual([]);
});

test("a restart of the engine without live restore brings everything back on its devices", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
  for (const name of ["one", "two"]) bed.declare("alice", name, ["gpus: { count: 1 }"]);
  bed.start();
  await bed.until(
    "both to run",
    () => bed.phase("alice/one") === "Running" && bed.phase("alice/two") === "Running",
  );
  const guard = new DeviceGuard(bed.runtime);
  const before = new Map([...guard.users()].map(([uuid, [container]]) => [container?.name, uuid]));

  bed.runtime.restartEngine();
  await bed.until("both to run again", () => guard.users().size === 2, 30_000);
  expect(new Map([...guard.users()].map(([uuid, [container]]) => [container?.name, uuid]))).toEqual(before);
  expect(guard.violations).toEqual([]);
});

test("events that are lost are made up for by the list, within a minute", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  bed.runtime.losesEvents = true;
  bed.runtime.kill("train._.alice");
  await bed.until(
    "the list to show it",
    () => bed.runtime.container("train._.alice").state === "running",
    61_000,
  );
  bed.runtime.removeByHand("train._.alice");
  await bed.until("the list to lack it", () => bed.runtime.containers.length === 1, 61_000);
  expect(bed.record("alice/train")?.status.restarts).toBe(2);
});

test("nothing is concluded from a list that fails, nor from an inspect that fails", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  bed.runtime.clearCalls();
  const remove = [
    bed.runtime.inject({ call: "list", when: "before", error: engineError }),
    bed.runtime.inject({ call: "inspect", when: "before", error: engineError }),
  ];
  bed.runtime.removeByHand("train._.alice");
  await bed.pass(150_000);
  expect(bed.runtime.mutations).toEqual([]);
  for (const undo of remove) undo();
  await bed.until("it to be made again", () => bed.runtime.containers.length === 1, 61_000);
});

test("a container that was renamed unnoticed is not taken for gone when its old name is asked for", async () => {
  const runtime = new FakeRuntime();
  const cache = cacheOf(runtime);
  const id = runtime.run(desiredContainer("train"));
  await cache.relist();
  runtime.renameByHand("train", "mine");
  expect(await cache.refresh("train")).toBeUndefined();
  expect(cache.get(id)).toMatchObject({ name: "mine", state: "running" });
  runtime.removeByHand("mine");
  expect(await cache.refresh("mine")).toBeUndefined();
  expect(cache.get(id)).toBeUndefined();
});

test("a list from before the connection was lost does not count as an answer", async () => {
  const runtime = new FakeRuntime();
  const cache = cacheOf(runtime);
  const ending = new AbortController();
  const following = cache.run(ending.signal);
  await waitFor("the first list", () => cache.ready);
  const release = runtime.inject({ call: "list", when: "hang", times: 1 });
  const listing = cache.relist();
  await waitFor("the list to be asked for", () => runtime.count("list") >= 2);
  // The answer to it arrives, but the stream of events breaks first, and the engine stays away.
  const list = runtime.list.bind(runtime);
  runtime.list = () => Promise.reject(new UnreachableError({ reason: "EngineUnreachable", message: "gone" }));
  runtime.goDown();
  await waitFor("it to be noticed", () => !cache.ready);
  release();
  await listing.catch(() => undefined);
  expect(cache.ready).toBe(false);
  runtime.list = list;
  runtime.comeUp();
  await waitFor("it to be back", () => cache.ready);
  ending.abort();
  await following;
});

test("a controller that starts anew on a slow engine changes nothing that is as declared", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
  bed.declare("alice", "train", ["gpus: { count: 1 }"]);
  bed.declare("bob", "serve", ["imagePullPolicy: Never"]);
  bed.start();
  await bed.until(
    "both to run",
    () => bed.phase("alice/train") === "Running" && bed.phase("bob/serve") === "Running",
  );
  await bed.stop();

  for (const keepsStore of [true, false]) {
    const next = newBed({}, keepsStore ? bed.store : undefined, bed);
    next.provider.answer = bed.provider.answer;
    next.declare("alice", "train", ["gpus: { count: 1 }"]);
    next.declare("bob", "serve", ["imagePullPolicy: Never"]);
    const slow = next.runtime.inject({ when: "late", delayMs: 400 });
    next.runtime.clearCalls();
    next.start();
    await next.pass(15_000);
    slow();
    expect(next.runtime.mutations).toEqual([]);
    expect([next.phase("alice/train"), next.phase("bob/serve")]).toEqual(["Running", "Running"]);
    await next.stop();
  }
});

test.each([
  ["remove", (bed: ControllerBed) => bed.source.remove("users/alice/train.yaml")],
  ["stop", (bed: ControllerBed) => bed.declare("alice", "train", ["desiredState: Stopped"])],
  ["unpause", (bed: ControllerBed) => bed.runtime.pauseByHand("train._.alice")],
  ["rename", (bed: ControllerBed) => bed.runtime.renameByHand("train._.alice", "mine")],
  ["update", (bed: ControllerBed) => bed.runtime.updateByHand("train._.alice", { restartPolicy: "always" })],
  ["start", (bed: ControllerBed) => bed.runtime.kill("train._.alice")],
] as const)("a %s that fails is tried again later and later, and works in the end", async (call, cause) => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  const undo = bed.runtime.inject({ call, when: "before", error: engineError });
  bed.runtime.clearCalls();
  cause(bed);
  await bed.until("the first try", () => bed.runtime.count(call) > 0, 10_000);
  await bed.pass(120_000);
  // 1 s, 2 s, 4 s, ... after the first: seven within two minutes.
  expect(bed.runtime.count(call)).toBeGreaterThanOrEqual(5);
  expect(bed.runtime.count(call)).toBeLessThanOrEqual(9);
  const { reason, message } = bed.record("alice/train")?.status ?? {};
  expect(`${reason}: ${message}`).toContain("EngineError: driver failed: device or resource busy");

  undo();
  const tries = bed.runtime.count(call);
  await bed.until("the next try", () => bed.runtime.count(call) > tries, 130_000);
  await bed.pass(5000);
  expect(bed.record("alice/train")?.memory.failure ?? null).toBeNull();
});

test("what the owner must mend is tried again every five minutes, and at once after an edit", async () => {
  const bed = newBed();
  bed.runtime.inject({
    call: "start",
    when: "before",
    error: () => new StalledError({ reason: "PortInUse", message: "port 8888 is taken" }),
  });
  bed.declare("alice", "train");
  bed.start();
  await bed.until("the start to fail", () => bed.runtime.count("start") === 1);
  await bed.pass(290_000);
  expect(bed.record("alice/train")?.status).toMatchObject({ phase: "Failed", reason: "PortInUse" });
  expect(bed.runtime.count("start")).toBe(1);
  expect(bed.runtime.containers).toEqual([]);
  await bed.until("the second try", () => bed.runtime.count("start") === 2, 20_000);

  bed.declare("alice", "train", ["env: [{ name: A, value: '1' }]"]);
  await bed.until("a try right after the edit", () => bed.runtime.count("start") === 3, 1000);
});

test("everybody who waits for an image is told when its pull fails", async () => {
  const bed = newBed();
  for (const name of ["one", "two", "three"]) bed.declare("alice", name, ["image: registry/none:1"]);
  bed.runtime.inject({ call: "pull", when: "late", delayMs: 2000 });
  bed.start();
  const reasons = (): (string | undefined)[] =>
    bed.store.list("ContainerSpec").map(({ status }) => status.reason);
  await bed.until("all to wait for the pull", () => reasons().every((one) => one === "PullingImage"));
  await bed.until("nobody to wait any more", () => !reasons().includes("PullingImage"), 20_000);
});

test("who has lost the lock does nothing more, nor does it remember anything as done", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  bed.lockHeld = false;
  bed.runtime.clearCalls();
  bed.runtime.kill("train._.alice");
  bed.declare("alice", "second");
  bed.source.remove("users/alice/train.yaml");
  await bed.pass(60_000);
  expect(bed.runtime.mutations).toEqual([]);
});

test("nothing is done that cannot be written down, and what runs goes on", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  const put = bed.store.put.bind(bed.store);
  bed.store.put = async (record) => {
    await put(record);
    throw new Ds01Error({ reason: "StateNotWritable", message: "no space left on device" });
  };
  bed.stateWritable = false;
  bed.runtime.clearCalls();
  bed.declare("alice", "second");
  bed.runtime.kill("train._.alice");
  await bed.pass(30_000);
  expect(bed.runtime.mutations).toEqual([]);

  bed.store.put = put;
  bed.stateWritable = true;
  await bed.until(
    "both to run",
    () => bed.phase("alice/train") === "Running" && bed.phase("alice/second") === "Running",
    61_000,
  );
});

test("an object takes over the container that carries its name, after its state was lost", async () => {
  const bed = newBed();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  const uid = bed.record("alice/train")?.uid;
  const [container] = bed.runtime.containers;
  await bed.stop();

  // The specs are read before the engine is heard: the uid is not known at first.
  const next = newBed({}, undefined, bed);
  next.declare("alice", "train");
  const slow = next.runtime.inject({ call: "list", when: "late", delayMs: 3000 });
  next.runtime.clearCalls();
  next.start();
  await next.pass(20_000);
  slow();
  expect(next.record("alice/train")).toMatchObject({ uid, status: { phase: "Running" } });
  expect(next.runtime.mutations).toEqual([]);
  expect(next.runtime.containers.map(({ id }) => id)).toEqual([container?.id]);
});

test("a container that no spec declares is kept for a while, then stopped and removed; others' are not touched", async () => {
  const bed = newBed();
  const lost = { namespace: "alice", name: "lost", uid: "uid-of-lost" };
  bed.runtime.run(ownContainer("lost._.alice", lost));
  const foreign = ownContainer("else._.alice", { ...lost, name: "else" });
  bed.runtime.run({ ...foreign, labels: { ...foreign.labels, "ds01.instance": "another" } });
  bed.runtime.run(desiredContainer("mine"));
  bed.declare("alice", "train");
  bed.start();
  await bed.until("the declared one to run", () => bed.phase("alice/train") === "Running");
  await bed.pass(8000);
  expect(bed.runtime.container("lost._.alice").state).toBe("running");
  const names = (): string[] => bed.runtime.containers.map(({ name }) => name).toSorted();
  await bed.until("it to be gone", () => !names().includes("lost._.alice"), 60_000);
  await bed.pass(20_000);
  expect(names()).toEqual(["else._.alice", "mine", "train._.alice"]);
  expect(bed.store.list("ContainerSpec").map(({ name }) => name)).toEqual(["train"]);
  const mine = bed.runtime.mutations.filter((one) => !one.includes("train") && !one.includes("lost"));
  expect(mine).toEqual([]);
});

test("a new object does not take the uid of another one from a container that carries both their marks", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  const uid = bed.record("alice/train")?.uid ?? "";
  // As by a copy of its labels with another name.
  bed.runtime.run(ownContainer("copy", { namespace: "alice", name: "other", uid }));
  await bed.pass(1000);
  bed.declare("alice", "other");
  await bed.until("it to run", () => bed.phase("alice/other") === "Running", 60_000);
  expect(bed.record("alice/other")?.uid).not.toBe(uid);
  await bed.pass(60_000);
  const before = bed.runtime.mutations.length;
  await bed.pass(120_000);
  expect(bed.runtime.mutations.slice(before)).toEqual([]);
  expect(["alice/train", "alice/other"].map((key) => bed.phase(key))).toEqual(["Running", "Running"]);
});

test("a container of an object that has another one goes too, and the object's own stays", async () => {
  const bed = await running((fresh) => fresh.declare("alice", "train"));
  const [own] = bed.runtime.containers;
  bed.runtime.run(ownContainer("old-train", { namespace: "alice", name: "train", uid: "uid-of-old" }));
  await bed.until("the old one to go", () => bed.runtime.containers.length === 1, 60_000);
  expect(bed.runtime.containers.map(({ id, state }) => [id, state])).toEqual([[own?.id, "running"]]);
  await bed.pass(20_000);
  expect(bed.store.list("ContainerSpec").map(({ name, uid }) => [name, uid])).toEqual([
    ["train", own?.labels["ds01.uid"]],
  ]);
});
