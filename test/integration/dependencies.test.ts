import { expect, onTestFinished, test } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";

const job = ["restartPolicy: Never", "gpus: { count: 1 }", "lifecycle: { holdGpuAfterStop: 0s }"];
const after = (name: string): string[] => [...job, `after: [${name}]`];

function newBed(): ControllerBed {
  const bed = new ControllerBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  onTestFinished(() => bed.stop());
  return bed;
}

test("one after another starts as soon as the one before has completed, and not before", async () => {
  const bed = newBed();
  bed.declare("alice", "third", after("second"));
  bed.declare("alice", "second", after("first"));
  bed.declare("alice", "first", job);
  bed.start();
  for (const name of ["first", "second", "third"]) {
    await bed.until(`${name} to run`, () => bed.phase(`alice/${name}`) === "Running");
    expect(bed.runtime.containers.filter(({ state }) => state === "running")).toHaveLength(1);
    bed.runtime.kill(`${name}._.alice`, 0);
    await bed.until(`${name} to be done`, () => bed.phase(`alice/${name}`) === "Completed");
  }
});

test("one that waits for another stands in nobody's way, and starts once a failure is put right", async () => {
  const bed = newBed();
  bed.declare("alice", "train", after("prepare"));
  bed.start();
  await bed.until("to be told", () => bed.record("alice/train")?.status.reason === "DependencyNotFound");
  bed.declare("bob", "other", job);
  await bed.until("the other to run", () => bed.phase("bob/other") === "Running");
  bed.runtime.kill("other._.bob", 0);

  bed.declare("alice", "prepare", job);
  await bed.until("it to run", () => bed.phase("alice/prepare") === "Running");
  bed.runtime.kill("prepare._.alice", 1);
  await bed.until("to be told", () => bed.record("alice/train")?.status.reason === "DependencyFailed");
  expect(bed.phase("alice/train")).toBe("Pending");
  expect(bed.record("alice/train")?.status.queue).toBeUndefined();

  bed.declare("alice", "prepare", [...job, "args: [again]"]);
  await bed.until("it to run again", () => bed.phase("alice/prepare") === "Running");
  bed.runtime.kill("prepare._.alice", 0);
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
});

test("what runs is left alone when what it started after is edited", async () => {
  const bed = newBed();
  bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
  bed.declare("alice", "prepare", job);
  bed.declare("alice", "train", after("prepare"));
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/prepare") === "Running");
  bed.runtime.kill("prepare._.alice", 0);
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  bed.runtime.clearCalls();

  bed.declare("alice", "prepare", [...job, "args: [again]"]);
  await bed.until("it to run again", () => bed.phase("alice/prepare") === "Running");
  await bed.pass(2000);

  expect(bed.phase("alice/train")).toBe("Running");
  expect(bed.runtime.mutations.filter((call) => call.includes("train"))).toEqual([]);
});
