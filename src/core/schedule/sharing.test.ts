import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { allocate } from "./allocate.ts";
import { goneDevices, sliceLabel } from "./given-devices.ts";
import { computeLeases } from "./ledger.ts";
import { strategyNames } from "./strategies.ts";
import { driverUuid, withTimeSlices } from "./sharing.ts";

const cards = [gpu(0), gpu(1), ...migGpu(2, ["2g.20gb"])];
const devices = withTimeSlices(cards, [
  { devices: ["1", "2", "9"], replicas: 4 },
  { devices: ["GPU-1"], replicas: 2 },
]);

function given(wish: Parameters<typeof demand>[1], leases = [lease("GPU-9", "x/y")]): readonly string[] {
  const allocation = allocate(demand("a", wish), {
    inventory: inventory(devices),
    leases,
    strategy: "leastAllocated",
  });
  return allocation.type === "shortage" ? [] : allocation.devices.map(({ uuid }) => uuid);
}

describe("time slices", () => {
  test("stand behind the GPU they are of, a part of it each; cut GPUs and slices are not shared", () => {
    expect(devices.map(({ slot, gpuEquivalents }) => `${slot} ${gpuEquivalents.toFixed(2)}`)).toEqual([
      "0 1.00",
      "1 1.00",
      "1.0 0.25",
      "1.1 0.25",
      "1.2 0.25",
      "1.3 0.25",
      "2 1.00",
      "2:0 0.29",
    ]);
    expect(devices.slice(1, 6).map(({ uuid }) => driverUuid(uuid))).toEqual(Array(5).fill("GPU-1"));
  });

  test("go to who asks for them and accepts as many sharers, whole GPUs to all others", () => {
    expect(given({ sharers: 4 })).toEqual(["GPU-1::0"]);
    expect(given({ sharers: 3 })).toEqual([]);
    expect(given({ count: 2, sharers: 4 })).toEqual([]);
    expect(given({ count: 1 })).toEqual(["GPU-0"]);
    expect(given({ count: 2 })).toEqual([]);
    expect(given({ migAllowed: { full: true, profiles: null } })).toEqual(["MIG-2-0"]);
    expect(given({ migAllowed: { full: true, profiles: [] } })).toEqual(["GPU-0"]);
  });

  test("are taken one by one, and not at all beside an exclusive holder or a process of nobody known", () => {
    expect(given({ sharers: 4 }, [lease("GPU-1::0", "bob/x"), lease("GPU-1::2", "bob/y")])).toEqual([
      "GPU-1::1",
    ]);
    const unmanaged = { containerName: "notebook", containerId: "c", all: false, ids: ["GPU-1"] };
    const leases = computeLeases({ devices, managed: [], unmanaged: [unmanaged as never], usage: new Map() });
    expect(given({ sharers: 4 }, [...leases])).toEqual([]);
    const usage = new Map([["GPU-1", { memoryUsedBytes: 1024 ** 3, utilizationPercent: 0, processes: [] }]]);
    const foreign = computeLeases({ devices, managed: [], unmanaged: [], usage });
    expect(given({ sharers: 4 }, [...foreign])).toEqual([]);
  });

  test("memory in use on a GPU is its sharers' while there are any", () => {
    const usage = new Map([["GPU-1", { memoryUsedBytes: 1024 ** 3, utilizationPercent: 0, processes: [] }]]);
    const managed = [
      {
        uid: "u",
        namespace: "bob",
        name: "x",
        deviceUuids: ["GPU-1::0"],
        state: "Allocated",
        until: null,
        untilCause: null,
        containerIds: [],
      } as const,
    ];
    const leases = computeLeases({ devices, managed, unmanaged: [], usage });
    expect(leases.map(({ deviceUuid }) => deviceUuid)).toEqual(["GPU-1::0"]);
  });

  test("are gone when their GPU is shared otherwise, and so is a whole GPU that is shared now", () => {
    const made = (uuid: string): { readonly labels: Record<string, string> } => ({
      labels: {
        "ds01.gpu.uuids": uuid,
        "ds01.gpu.slots": "1",
        "ds01.gpu.slices": sliceLabel(devices.filter((device) => device.uuid === uuid)),
      },
    });
    const gone = (uuid: string, now = devices): number => goneDevices(made(uuid), now).length;
    expect([gone("GPU-1::3"), gone("GPU-0")]).toEqual([0, 0]);
    expect([
      gone("GPU-1::3", cards),
      gone("GPU-1::0", withTimeSlices(cards, [{ devices: ["1"], replicas: 2 }])),
    ]).toEqual([1, 1]);
    expect(gone("GPU-1")).toBe(1);
    expect(gone("GPU-0", withTimeSlices(cards, [{ devices: ["0"], replicas: 2 }]))).toBe(1);
  });

  test.each(strategyNames)("of several GPUs are found by %s whenever there are any", (strategy) => {
    const two = withTimeSlices([gpu(0), gpu(1)], [{ devices: ["0", "1"], replicas: 2 }]);
    const leases = [lease("GPU-0::0", "bob/x")];
    const allocation = allocate(demand("a", { count: 2, sharers: 2 }), {
      inventory: inventory(two),
      leases,
      strategy,
    });
    expect(allocation.type === "allocated" && allocation.devices.map(({ uuid }) => uuid)).toEqual([
      "GPU-0::1",
      "GPU-1::0",
    ]);
  });

  test("are refused at once where there are too few GPUs to take them from, however many slices there are", () => {
    const eight = Array.from({ length: 8 }, (_, index) => gpu(index));
    const sliced = withTimeSlices(eight, [{ devices: eight.map(({ slot }) => slot), replicas: 64 }]);
    const taken = Array.from({ length: 64 }, (_, replica) => lease(`GPU-3::${replica}`, `bob/${replica}`));
    const outcome = (count: number): string =>
      allocate(demand("a", { count, sharers: 64 }), {
        inventory: inventory(sliced),
        leases: taken,
        strategy: "leastAllocated",
      }).type;

    // A search through all sets would take years.
    expect([7, 8, 9].map(outcome)).toEqual(["allocated", "shortage", "shortage"]);
  });
});
