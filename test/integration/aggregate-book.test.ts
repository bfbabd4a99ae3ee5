import { expect, onTestFinished, test } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";

const mebibyte = 1024 ** 2;
const parent = "/ds01/all/alice";

function newBed(before?: ControllerBed, driver = "cgroupfs"): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  bed.runtime.offers = { ...bed.runtime.offers, cgroupDriver: driver };
  onTestFinished(() => bed.stop());
  return bed;
}

function limit(bed: ControllerBed, aggregate: string): void {
  bed.source.write(
    "quotas/all.yaml",
    `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: { name: all }
spec: { subjects: { default: true }${aggregate === "" ? "" : `, aggregate: ${aggregate}`} }
`,
  );
}

const runs = (bed: ControllerBed, key = "alice/train") =>
  bed.until(`${key} to run`, () => bed.phase(key) === "Running");

function parentOf(bed: ControllerBed): string | undefined {
  return bed.runtime.containers.find(({ name }) => name === "train._.alice")?.config.cgroupParent;
}

test("the cgroup has its limits before the first container of its user is made in it", async () => {
  const bed = newBed();
  limit(bed, "{ memory: 64Mi, cpus: 1.5, pids: 50 }");
  bed.declare("alice", "train");
  bed.declare("bob", "web");
  bed.start();
  await runs(bed);
  await runs(bed, "bob/web");
  expect(bed.cgroups.made.get(parent)).toEqual({ cpus: 1.5, memoryBytes: 64 * mebibyte, pids: 50 });
  expect(parentOf(bed)).toBe(parent);
  expect([...bed.cgroups.made.keys()].toSorted()).toEqual([parent, "/ds01/all/bob"]);
  expect(bed.ownCgroups.value).toMatchObject({
    bootId: "boot-1",
    parents: expect.arrayContaining([parent]) as unknown,
  });
});

test("it is a slice where the engine uses the systemd driver", async () => {
  const bed = newBed(undefined, "systemd");
  limit(bed, "{ pids: 50 }");
  bed.declare("alice", "train");
  bed.start();
  await runs(bed);
  expect(parentOf(bed)).toBe("ds01-all-alice.slice");
});

test("without an aggregate nothing is made, and containers stay where the engine puts them", async () => {
  const bed = newBed();
  limit(bed, "");
  bed.declare("alice", "train");
  bed.start();
  await runs(bed);
  expect(parentOf(bed)).toBe("");
  expect(bed.cgroups.made.size).toBe(0);
});

test("an edited quota is written within seconds, one taken away leaves no limit, and no container is touched", async () => {
  const bed = newBed();
  limit(bed, "{ pids: 50 }");
  bed.declare("alice", "train");
  bed.start();
  await runs(bed);
  limit(bed, "{ pids: 80 }");
  await bed.until("the new limit", () => bed.cgroups.made.get(parent)?.pids === 80);
  // Somebody edits it by hand.
  bed.cgroups.made.set(parent, { cpus: null, memoryBytes: null, pids: 7 });
  await bed.until("the limit to be back", () => bed.cgroups.made.get(parent)?.pids === 80, 12_000);
  limit(bed, "");
  await bed.until("no limit", () => bed.cgroups.made.get(parent)?.pids === null, 12_000);
  expect(bed.runtime.count("create")).toBe(1);
  expect(bed.runtime.count("stop")).toBe(0);
});

test("a container waits with a reason while the cgroup cannot be limited, and runs once it can", async () => {
  const bed = newBed();
  bed.cgroups.failure = "EACCES: permission denied";
  limit(bed, "{ pids: 50 }");
  bed.declare("alice", "train");
  bed.start();
  await bed.until(
    "it to wait",
    () => bed.record("alice/train")?.status.reason === "AggregateLimitUnavailable",
  );
  expect(bed.record("alice/train")?.status.message).toContain("EACCES: permission denied");
  await bed.pass(12_000);
  expect(bed.runtime.count("create")).toBe(0);
  bed.cgroups.failure = null;
  await bed.until("it to run", () => bed.phase("alice/train") === "Running", 12_000);
});

test("a cgroup that somebody else has made is not touched", async () => {
  const bed = newBed();
  const foreign = { cpus: 1, memoryBytes: null, pids: null };
  bed.cgroups.made.set(parent, foreign);
  limit(bed, "{ pids: 50 }");
  bed.declare("alice", "train");
  bed.start();
  await bed.until(
    "it to wait",
    () => bed.record("alice/train")?.status.reason === "AggregateLimitUnavailable",
  );
  expect(bed.record("alice/train")?.status.message).toContain(
    `${parent} exists and was not made by this controller`,
  );
  expect(bed.cgroups.made.get(parent)).toBe(foreign);
});

test("its own cgroups are known by the containers in them when the state is lost", async () => {
  const first = newBed();
  limit(first, "{ pids: 50 }");
  first.declare("alice", "train");
  first.start();
  await runs(first);
  await first.stop();

  const second = newBed(first);
  second.cgroups.made.set(parent, { cpus: null, memoryBytes: null, pids: 50 });
  limit(second, "{ pids: 50 }");
  second.declare("alice", "train");
  second.start();
  await runs(second);
  limit(second, "{ pids: 60 }");
  await second.until("the new limit", () => second.cgroups.made.get(parent)?.pids === 60);
});

test("more memory in use than a lowered limit allows ends nothing, and keeps more from starting", async () => {
  const bed = newBed();
  limit(bed, "{ memory: 64Mi }");
  bed.declare("alice", "train");
  bed.start();
  await runs(bed);
  bed.cgroups.held = { limitBytes: 64 * mebibyte, usedBytes: 40 * mebibyte };
  limit(bed, "{ memory: 32Mi }");
  bed.declare("alice", "second");
  await bed.until("it to wait", () => bed.record("alice/second")?.status.reason === "WaitingForQuota");
  expect(bed.record("alice/second")?.status.message).toContain(
    'use 40Mi of memory together; quota "all" allows 32Mi',
  );
  expect(bed.phase("alice/train")).toBe("Running");
  bed.cgroups.held = null;
  await runs(bed, "alice/second");
  expect(bed.runtime.count("stop")).toBe(0);
});

test("a name service that does not answer leaves the limits as they are, and they are looked after again when it does", async () => {
  const bed = newBed();
  limit(bed, "{ pids: 50 }");
  bed.declare("alice", "train");
  bed.start();
  await runs(bed);
  bed.identity.isAway = true;
  bed.cgroups.made.set(parent, { cpus: null, memoryBytes: null, pids: 9 });
  await bed.pass(90_000);
  expect(bed.cgroups.made.get(parent)?.pids).toBe(9);
  bed.identity.isAway = false;
  await bed.until("the limit to be back", () => bed.cgroups.made.get(parent)?.pids === 50, 90_000);
});
