import { describe, expect, test } from "vitest";
import type { ContainerRecord } from "../src/core/record.ts";
import type { StoredRecord } from "../src/core/record.ts";
import { ConflictError } from "../src/util/errors.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { desiredContainer } from "./support/desired-container.ts";

const minute = 60_000;
const name = "train._.alice";

describe("what a kill between two effects leaves", () => {
  test("why something is stopped is on the disk before it is stopped", async () => {
    const bed = new ControllerBed();
    bed.declare("alice", "train", ["lifecycle: { maxRuntime: 1m }"]);
    const onDisk = new Map<string, StoredRecord>();
    const put = bed.store.put.bind(bed.store);
    bed.store.put = async (record) => {
      const stored = await put(record);
      onDisk.set(stored.uid, stored);
      return stored;
    };
    const knownAtStop: unknown[] = [];
    const stop = bed.runtime.stop.bind(bed.runtime);
    bed.runtime.stop = async (id, graceMs, signal) => {
      const { labels } = bed.runtime.container(id);
      const record = onDisk.get(labels["ds01.uid"] ?? "") as ContainerRecord | undefined;
      knownAtStop.push(record?.memory.stopCause);
      await stop(id, graceMs, signal);
    };
    bed.start();
    await bed.until("the stop", () => knownAtStop.length > 0, 5 * minute);
    expect(knownAtStop).toEqual(["MaxRuntimeExceeded"]);
    await bed.stop();
  });

  test("a container whose create was carried out and refused as a second one is the one that was wanted", async () => {
    const bed = new ControllerBed();
    bed.declare("alice", "train", []);
    const taken = (): Error => new ConflictError({ reason: "NameInUse", message: "the name is in use" });
    bed.runtime.inject({ call: "create", when: "after", error: taken, times: 1 });
    bed.start();
    await bed.until("the start", () => bed.runtime.count("start") > 0, minute);
    await bed.pass(minute);
    expect(bed.runtime.count("create")).toBe(1);
    expect(bed.runtime.container(name).state).toBe("running");
    expect(bed.events.filter(({ type }) => type === "Warning")).toEqual([]);
    await bed.stop();
  });

  test("somebody else's container that took the name unseen is left as it is", async () => {
    const bed = new ControllerBed();
    bed.runtime.losesEvents = true;
    bed.start();
    await bed.pass(1000);
    const foreign = await bed.runtime.create(desiredContainer(name));
    bed.runtime.clearCalls();
    bed.declare("alice", "train", []);
    await bed.until("the refusal", () => bed.runtime.count("create") > 0, minute);
    await bed.pass(5 * minute);
    expect(bed.runtime.container(foreign).state).toBe("created");
    expect(bed.runtime.mutations.filter((one) => !one.startsWith("create"))).toEqual([]);
    await bed.stop();
  });
});
