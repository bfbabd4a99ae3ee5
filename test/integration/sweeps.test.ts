import { describe, expect, it, onTestFinished } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";

const job = ["restartPolicy: Never", "gpus: { count: 1 }", "lifecycle: { holdGpuAfterStop: 0s }"];
const names = (count: number, sweep = "lr"): string[] =>
  Array.from({ length: count }, (_, index) => `${sweep}-${index}`);

function newBed(gpus = 4, before?: ControllerBed): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  bed.provider.answer = () => inventory(Array.from({ length: gpus }, (_, index) => gpu(index)));
  onTestFinished(() => bed.stop());
  return bed;
}

const running = (bed: ControllerBed): string[] =>
  bed.runtime.containers
    .filter(({ state }) => state === "running")
    .map(({ name }) => name.split("._.")[0] ?? "");
const known = (bed: ControllerBed): string[] => bed.store.list("ContainerSpec").map(({ name }) => name);

async function runToEnd(bed: ControllerBed, name: string, exitCode = 0): Promise<void> {
  bed.runtime.kill(`${name}._.alice`, exitCode);
  const phase = exitCode === 0 ? "Completed" : "Failed";
  await bed.until(`${name} to end`, () => bed.phase(`alice/${name}`) === phase);
}

describe("a sweep", () => {
  it("is one container for each index, which it finds in its environment", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", [...job, "replicas: 3"]);
    bed.start();
    await bed.until("all to run", () => names(3).every((name) => bed.phase(`alice/${name}`) === "Running"));
    await bed.until("it to say so", () => bed.phase("alice/lr") === "Running");

    for (const [index, name] of names(3).entries()) {
      const { environment } = bed.runtime.container(`${name}._.alice`).config;
      expect(environment).toMatchObject({ DS01_INDEX: String(index), DS01_REPLICAS: "3" });
    }
    expect(bed.record("alice/lr-1")?.labels).toEqual({ "ds01.io/sweep": "lr" });
    expect(bed.record("alice/lr")?.status).toMatchObject({
      message: "3 of 3 run",
      elements: { total: 3, running: 3, completed: 0, failed: 0 },
      gpus: [],
    });
  });

  it("runs no more at the same time than its parallelism, lowest index first, and completes", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", [...job, "replicas: 4", "parallelism: 2"]);
    bed.declare("alice", "collect", [...job, "after: [lr]"]);
    bed.start();
    for (const [index, name] of names(4).entries()) {
      await bed.until(`${name} to run`, () => bed.phase(`alice/${name}`) === "Running");
      const expected = names(4).slice(index, index + 2);
      await bed.until("two to run", () => running(bed).toSorted().join() === expected.join());
      if (index < 2) {
        expect(bed.record("alice/lr-3")?.status.reason).toBe("WaitingForParallelism");
        expect(bed.record("alice/lr-3")?.status.queue).toBeUndefined();
      }
      expect(bed.record("alice/collect")?.status.reason).toBe("WaitingForDependency");
      await runToEnd(bed, name);
    }
    await bed.until("it to be done", () => bed.phase("alice/lr") === "Completed");
    await bed.until("what comes after it", () => bed.phase("alice/collect") === "Running");
  });

  it("that has failed in part says which", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", [...job, "replicas: 2"]);
    bed.start();
    await bed.until("all to run", () => running(bed).length === 2);
    await runToEnd(bed, "lr-0");
    await runToEnd(bed, "lr-1", 3);
    await bed.until("it to fail", () => bed.phase("alice/lr") === "Failed");

    expect(bed.record("alice/lr")?.status).toMatchObject({
      reason: "ElementsFailed",
      message: expect.stringContaining("1 failed (lr-1)"),
    });
  });

  it("grows by new elements only, and shrinks by those above, at once and without a guard", async () => {
    const bed = newBed(12);
    bed.declare("alice", "lr", [...job, "replicas: 2"]);
    bed.start();
    await bed.until("all to run", () => running(bed).length === 2);
    bed.runtime.clearCalls();
    bed.declare("alice", "lr", [...job, "replicas: 10"]);
    await bed.until("more to run", () => running(bed).length === 10);
    expect(bed.runtime.mutations.filter((call) => /lr-[01]\b/.test(call))).toEqual([]);

    bed.declare("alice", "lr", [...job, "replicas: 1"]);
    await bed.until("one to be left", () => bed.runtime.containers.length === 1, 15_000);
    await bed.until("the others to be forgotten", () => known(bed).length === 2, 15_000);

    expect(known(bed).toSorted()).toEqual(["lr", "lr-0"]);
    expect(bed.manager.controlPlane().blockedPrunes()).toEqual([]);
    expect(bed.events.some(({ message }) => message.includes("spec.replicas of alice/lr"))).toBe(true);
  });

  it("goes as a whole with its file, as one object to the guard", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", [...job, "replicas: 4"]);
    bed.declare("alice", "other", job);
    bed.start();
    await bed.until("four to run", () => running(bed).length === 4);
    bed.source.remove("users/alice/lr.yaml");
    await bed.until("them to go", () => known(bed).join() === "other", 20_000);

    await bed.until("the other to run", () => running(bed).join() === "other");
  });

  it("is replaced by one container when it is none any more, and back", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", job);
    bed.start();
    await bed.until("one to run", () => running(bed).join() === "lr");
    bed.declare("alice", "lr", [...job, "replicas: 2"]);
    await bed.until("two to run alone", () => running(bed).toSorted().join() === "lr-0,lr-1", 15_000);
    bed.declare("alice", "lr", job);
    await bed.until("one to run alone", () => running(bed).join() === "lr", 15_000);
  });

  it("that has ended runs as one container once it is none any more", async () => {
    const bed = newBed();
    bed.declare("alice", "lr", [...job, "replicas: 1"]);
    bed.start();
    await bed.until("it to run", () => running(bed).length === 1);
    await runToEnd(bed, "lr-0");
    await bed.until("it to be done", () => bed.phase("alice/lr") === "Completed");
    bed.declare("alice", "lr", job);
    await bed.until("one to run", () => running(bed).join() === "lr", 15_000);
  });

  it("has a name for each element that no other file may have", async () => {
    const bed = newBed();
    bed.declare("alice", "lr-1", job);
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/lr-1") === "Running");
    bed.declare("alice", "lr", [...job, "replicas: 2"]);
    await bed.until("it to be refused", () => bed.record("alice/lr-1")?.rejection !== null);

    expect(bed.record("alice/lr-1")?.rejection?.message).toContain("number 1 of the replicas of lr");
    expect(bed.phase("alice/lr-1")).toBe("Running");
    await bed.until("the others to run", () => bed.phase("alice/lr-0") === "Running");
  });

  it("keeps to a quota element by element", async () => {
    const bed = newBed();
    bed.source.write(
      "quotas/all.yaml",
      "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: { name: all }\nspec: { subjects: { default: true }, maxContainers: 2 }\n",
    );
    bed.declare("alice", "lr", [...job, "replicas: 4"]);
    bed.start();
    await bed.until("two to run", () => running(bed).length === 2);
    await bed.pass(1000);
    const reasons = names(4).map((name) => bed.record(`alice/${name}`)?.status.reason);
    expect(reasons.filter((reason) => reason === "WaitingForQuota")).toHaveLength(2);
    const [first] = running(bed);
    await runToEnd(bed, first ?? "");
    await bed.until("another to run", () => running(bed).length === 2);
  });

  it("that is stopped and started goes on where it was, and does nothing twice", async () => {
    const bed = newBed();
    const fields = [...job, "replicas: 3", "parallelism: 1"];
    bed.declare("alice", "lr", fields);
    bed.start();
    await bed.until("the first to run", () => running(bed).join() === "lr-0");
    await runToEnd(bed, "lr-0");
    await bed.until("the second to run", () => running(bed).join() === "lr-1");

    bed.declare("alice", "lr", [...fields, "desiredState: Stopped"]);
    await bed.until("it to stop", () => bed.phase("alice/lr") === "Stopped");
    expect(bed.phase("alice/lr-0")).toBe("Completed");
    bed.declare("alice", "lr", fields);
    await bed.until("the second to run again", () => running(bed).join() === "lr-1");
    await bed.pass(1000);

    expect(bed.phase("alice/lr-0")).toBe("Completed");
    expect(bed.runtime.mutations.filter((call) => call === "start lr-0._.alice")).toHaveLength(1);
  });

  it("changes nothing in Docker when the controller starts anew", async () => {
    const bed = newBed();
    const fields = [...job, "replicas: 3", "parallelism: 2"];
    bed.declare("alice", "lr", fields);
    bed.start();
    await bed.until("two to run", () => running(bed).length === 2);
    await runToEnd(bed, "lr-0");
    await bed.until("the next to run", () => running(bed).toSorted().join() === "lr-1,lr-2");
    await bed.pass(500);
    await bed.stop();
    bed.runtime.clearCalls();

    const next = newBed(4, bed);
    next.declare("alice", "lr", fields);
    next.start();
    await next.until("it to be ready", () => next.manager.ready());
    await next.pass(5000);
    expect(next.runtime.mutations).toEqual([]);
    expect(next.record("alice/lr")?.status.message).toBe("2 of 3 run, 1 completed");
  });
});
