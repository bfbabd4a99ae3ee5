import { describe, expect, it, onTestFinished } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";
import { Ds01Error, UnreachableError } from "../../src/util/errors.ts";

async function runningBed(prepare: (bed: ControllerBed) => void = () => undefined): Promise<ControllerBed> {
  const bed = new ControllerBed();
  onTestFinished(async () => bed.stop());
  prepare(bed);
  bed.declare("alice", "train", ["user: owner"]);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running", 60_000);
  return bed;
}

const unreachable = new UnreachableError({ reason: "EngineUnreachable", message: "gone" });

describe("the account of the owner in a container", () => {
  it("must be there before the first start, and be added once", async () => {
    const bed = await runningBed();
    const [container] = bed.runtime.containers;
    expect(container?.config.user).toBe("1001:1001");
    expect(container?.config.environment["HOME"]).toBe("/home/alice");
    expect(bed.containerFiles.written.map(({ path }) => path)).toEqual([
      "/etc/passwd",
      "/etc/group",
      "/home/alice",
    ]);
  });

  it("must be added at the next try where the engine went away in between", async () => {
    const bed = await runningBed((one) => one.containerFiles.faults.push(unreachable));
    expect(bed.containerFiles.written).toHaveLength(3);
    expect(bed.runtime.mutations.filter((call) => call.startsWith("create"))).toHaveLength(1);
  });

  it("must keep nobody from running where it cannot be added, and say why", async () => {
    const refused = new Ds01Error({ reason: "EngineFault", message: "no archive calls here" });
    const bed = await runningBed((one) => one.containerFiles.faults.push(refused));
    const told = bed.events.find(({ reason }) => reason === "AccountNotAdded");
    expect(told?.message).toMatch(/^runs as 1001:1001, but .*: no archive calls here$/);
  });
});
