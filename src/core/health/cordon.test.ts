import { describe, expect, it } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { allocate } from "../schedule/allocate.ts";
import { schedule } from "../schedule/queue.ts";
import { strategies } from "../schedule/strategies.ts";
import { cordonText, withCordons, type Cordon } from "./cordon.ts";

function cordoned(uuid: string, change: Partial<Cordon> = {}): Cordon {
  return { uuid, by: "root", at: 0, reason: null, ...change };
}

describe("a cordon", () => {
  it("covers the slices of its GPU, and one on a slice only that slice", () => {
    const devices = [gpu(0), ...migGpu(1, ["3g.40gb", "2g.20gb"])];
    const marked = (cordon: Cordon): readonly string[] =>
      withCordons(devices, [cordon]).flatMap(({ slot, cordon: mark }) => (mark === undefined ? [] : [slot]));
    expect(marked(cordoned("GPU-1"))).toEqual(["1", "1:0", "1:1"]);
    expect(marked(cordoned("MIG-1-1"))).toEqual(["1:1"]);
    expect(marked(cordoned("GPU-7"))).toEqual([]);
  });

  it("has what runs moved away only when it is drained, slices of a drained GPU included", () => {
    const devices = [gpu(0), ...migGpu(1, ["3g.40gb", "2g.20gb"])];
    const moves = (...cordons: Cordon[]): readonly string[] =>
      withCordons(devices, cordons).flatMap(({ slot, evacuate }) => (evacuate === true ? [slot] : []));
    expect(moves(cordoned("GPU-0"), cordoned("GPU-1"))).toEqual([]);
    expect(moves(cordoned("MIG-1-0"), cordoned("GPU-1", { drain: true }))).toEqual(["1", "1:0", "1:1"]);
    expect(moves(cordoned("GPU-1"), cordoned("MIG-1-0", { drain: true }))).toEqual(["1:0"]);
  });

  it("says who, since when and why", () => {
    expect(cordonText(cordoned("GPU-0"))).toBe("cordoned by root at 1970-01-01T00:00:00Z");
    expect(cordonText(cordoned("GPU-0", { reason: "fan noise" }))).toBe(
      "cordoned by root at 1970-01-01T00:00:00Z: fan noise",
    );
  });

  it("keeps the device from everybody, also from who holds it", () => {
    const devices = withCordons([gpu(0), gpu(1)], [cordoned("GPU-0")]);
    const context = { inventory: inventory(devices), strategy: "leastAllocated" as const };
    const own = [lease("GPU-0", "alice/a")];
    const taken = allocate(demand("a", { preferred: ["GPU-0"] }), { ...context, leases: own });
    expect(taken).toMatchObject({ type: "allocated", devices: [{ uuid: "GPU-1" }] });
    const both = allocate(demand("b", { count: 2 }), { ...context, leases: [] });
    expect(both).toMatchObject({
      type: "shortage",
      refusals: [{ device: { uuid: "GPU-0" }, clause: "Cordoned" }],
    });
  });

  it.each(Object.keys(strategies) as (keyof typeof strategies)[])("is kept to by %s", (strategy) => {
    const devices = withCordons([gpu(0), gpu(1), gpu(2)], [cordoned("GPU-1")]);
    const chosen = allocate(demand("a", { count: 2 }), {
      inventory: inventory(devices),
      leases: [],
      strategy,
    });
    expect(chosen).toMatchObject({ devices: [{ uuid: "GPU-0" }, { uuid: "GPU-2" }] });
  });

  it("is told to who waits, and told apart from sickness", () => {
    const wait = (devices: Parameters<typeof inventory>[0], leases: Parameters<typeof lease>[0][]): unknown =>
      schedule({
        demands: [demand("a")],
        inventory: inventory(devices),
        leases: leases.map((uuid) => lease(uuid, "bob/other")),
        strategy: "leastAllocated",
        now: 0,
        formatTime: String,
      }).get("a");
    const marks = [cordoned("GPU-0", { reason: "fan noise" })];
    expect(wait(withCordons([gpu(0), gpu(1)], marks), ["GPU-1"])).toMatchObject({
      reason: "WaitingForDevices",
      message:
        "Needs 1 whole GPU. 2 GPUs here: 1 allocated (bob/other), 1 cordoned (fan noise). " +
        "No start time is known: no limit ends what is in its way.",
    });
    expect(wait(withCordons([gpu(0)], marks), [])).toMatchObject({ reason: "DevicesCordoned", never: false });
  });
});
