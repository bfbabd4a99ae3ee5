import { expect, onTestFinished, test } from "vitest";
import { NotFoundError, StalledError } from "../../src/util/errors.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";

function newBed(): ControllerBed {
  const bed = new ControllerBed();
  onTestFinished(() => bed.stop());
  return bed;
}

const stopped = "desiredState: Stopped";

test("a start that finds nothing to start is not tried again at once", async () => {
  const bed = newBed();
  bed.declare("alice", "train");
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  bed.declare("alice", "train", [stopped]);
  await bed.until("it to be stopped", () => bed.phase("alice/train") === "Stopped");
  bed.runtime.inject({
    call: "start",
    when: "before",
    error: () => new NotFoundError({ reason: "NoSuchContainer", message: "no such container" }),
  });
  const starts = (): number => bed.runtime.calls.filter(({ call }) => call === "start").length;
  const before = starts();

  bed.declare("alice", "train", []);
  await bed.until("a first try", () => starts() > before);
  await bed.pass(3000);

  expect(starts() - before).toBeGreaterThan(1);
  expect(starts() - before).toBeLessThan(6);
});

test("a GPU that was given back is looked at before the same container gets it again", async () => {
  const bed = newBed();
  const fields = ["gpus: { count: 1 }", "lifecycle: { holdGpuAfterStop: 1s }"];
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.declare("alice", "train", fields);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  bed.declare("alice", "train", [...fields, stopped]);
  await bed.until("its GPU to be released", () => bed.phase("alice/train") === "Released");
  // Regular looks at the devices are rarer than this: only one that is made for the start shows it as unhealthy.
  bed.provider.answer = () => inventory([gpu(0, { healthy: false, unhealthyReason: "XidError" })]);
  await bed.pass(2100);

  bed.declare("alice", "train", fields);
  await bed.until("it to wait", () => bed.record("alice/train")?.status.queue !== undefined);

  expect(bed.phase("alice/train")).not.toBe("Running");
  expect(bed.runtime.calls.filter(({ call }) => call === "start")).toHaveLength(1);
});

/** An engine of another kind, or of a later time, that has its own word for what was asked for. */
const ownWords: ControllerBed["runtime"]["rewrite"] = (desired) => ({ ...desired, network: "default" });

test("a container that the engine writes down another way than it was asked for is not made again", async () => {
  const bed = newBed();
  bed.runtime.rewrite = ownWords;
  bed.declare("alice", "train");
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  await bed.pass(3000);
  expect(bed.runtime.mutations).toEqual(["create train._.alice", "start train._.alice"]);

  bed.declare("alice", "train", ["env: [{name: EPOCH, value: '1'}]"]);
  await bed.until("it to be replaced", () => bed.runtime.count("rename") === 1);
  await bed.pass(3000);
  expect(bed.runtime.count("create")).toBe(2);
});

test("a container that was found where one was to be made is compared like anybody's", async () => {
  const bed = newBed();
  bed.runtime.rewrite = ownWords;
  // The engine makes it and nobody hears of that.
  bed.runtime.inject({ call: "create", when: "after", times: 1 });
  bed.declare("alice", "train");
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  await bed.pass(3000);
  const calls = ["create", "remove", "create", "start"].map((call) => `${call} train._.alice`);
  expect(bed.runtime.mutations).toEqual(calls);
});

test("an image of a name that the engine refuses is the reason why nothing is made", async () => {
  const bed = newBed();
  // An engine is stricter than the schema at times, and its word counts then.
  const message = "repository name must not be longer than 255 characters";
  const error = (): Error => new StalledError({ reason: "InvalidReference", message });
  for (const call of ["image", "pull"] as const)
    bed.runtime.inject({ call, target: "bed/strange:1", when: "before", error });
  bed.declare("alice", "train", ["image: bed/strange:1"]);
  bed.start();
  await bed.until("it to fail", () => bed.phase("alice/train") === "Failed");
  expect(bed.record("alice/train")?.status).toMatchObject({
    reason: "InvalidReference",
    message: expect.stringContaining(message),
  });
});

test("a namespace that is not that of its directory is told to the directory's user, and nobody else", async () => {
  const bed = newBed();
  bed.source.write(
    "users/alice/new.yaml",
    `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata: { name: train, namespace: bob }
spec: { image: "bed/base:1" }
`,
  );
  bed.start();
  await bed.until("it to be refused", () => bed.record("alice/train")?.rejection?.reason === "SpecInvalid");
  expect(bed.record("bob/train")).toBeUndefined();
});
