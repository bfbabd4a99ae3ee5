import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { linkedGpus, pcieGpus } from "../../../test/support/topologies.ts";
import { allocate } from "./allocate.ts";
import type { Device, DeviceUsage } from "./device.ts";
import type { DeviceDemand } from "./lease.ts";
import type { Strategy } from "./strategies.ts";

interface Host {
  readonly devices: readonly Device[];
  readonly strategy: Strategy;
  readonly taken?: readonly string[];
  readonly usage?: Record<string, DeviceUsage>;
}

function slots(want: Partial<DeviceDemand>, { devices, strategy, taken = [], usage }: Host): string[] {
  const result = allocate(demand("me", want), {
    inventory: inventory(devices, usage),
    leases: taken.map((uuid) => lease(uuid, `bob/${uuid}`)),
    strategy,
  });
  return result.type === "allocated" ? result.devices.map(({ slot }) => slot) : [];
}

describe("topology", () => {
  const l40s = pcieGpus(4, 4);
  const pcie = pcieGpus(6, 4);

  test.each<[string, readonly Device[], number[], string[][]]>([
    ["4 GPUs of one socket", l40s, [1, 1, 2], [["0"], ["1"], ["2", "3"]]],
    ["4 GPUs beside 2 of another socket", pcie, [1, 1, 2], [["4"], ["5"], ["0", "1"]]],
    ["a socket for who wants four", pcie, [4], [["0", "1", "2", "3"]]],
  ])("%s", (_name, devices, counts, expected) => {
    const taken: string[] = [];
    const given = counts.map((count) => {
      const found = slots({ count }, { devices, strategy: "topology", taken });
      taken.push(...found.map((slot) => `GPU-${slot}`));
      return found;
    });
    expect(given).toEqual(expected);
  });

  test.each([
    [1, ["0"]],
    [2, ["4", "5"]],
  ])("takes what tears least from the rest: %i of a broken set", (count, expected) => {
    expect(slots({ count }, { devices: pcie, strategy: "topology", taken: ["GPU-1"] })).toEqual(expected);
  });

  test("an NVLink beats every way over PCIe", () => {
    const devices = linkedGpus(4, (left, right) => (left + right === 3 ? "NV1" : "PIX"));
    expect(slots({ count: 2 }, { devices, strategy: "topology", taken: ["GPU-0"] })).toEqual(["1", "2"]);
  });

  test("keeps what it had and adds the nearest to it", () => {
    const wanted = { count: 2, preferred: ["GPU-3"] };
    expect(slots(wanted, { devices: pcie, strategy: "topology" })).toEqual(["2", "3"]);
  });

  test("chooses by size and slot where no topology is known", () => {
    const devices = [gpu(0, { memoryBytes: 2 }), gpu(1, { memoryBytes: 1 }), gpu(2, { memoryBytes: 2 })];
    expect(slots({ count: 2 }, { devices, strategy: "topology" })).toEqual(["0", "1"]);
  });
});

describe("bestFitMig", () => {
  test("fills the card with the fewest idle slices, beside slices that are taken", () => {
    const one = (count: number): string[] => Array<string>(count).fill("1g.10gb");
    const devices = [...migGpu(0, one(7)), ...migGpu(1, one(7)), ...migGpu(2, one(7))];
    const taken = ["MIG-1-0", "MIG-1-1", "MIG-2-2", "MIG-2-3", "MIG-2-5"];
    const want = (count: number): string[] =>
      slots({ profile: "1g.10gb", count }, { devices, strategy: "bestFitMig", taken });
    expect(want(1)).toEqual(["2:4"]);
    expect(want(5)).toEqual(["1:2", "2:0", "2:1", "2:4", "2:6"]);
  });

  test("takes the smallest GPU that has what is asked for", () => {
    const gi = 1024 ** 3;
    const devices = [80, 24, 48].map((size, index) => gpu(index, { memoryBytes: size * gi }));
    const want = (least: number): string[] =>
      slots({ minMemoryBytes: least * gi }, { devices, strategy: "bestFitMig" });
    expect([want(10), want(30), want(50)]).toEqual([["1"], ["2"], ["0"]]);
  });
});

describe("usageAware", () => {
  function used(recent: number | null, memoryUsedBytes: number | null): DeviceUsage {
    return { memoryUsedBytes, utilizationPercent: 0, recentUtilizationPercent: recent, processes: [] };
  }

  test("gives the card that rested longest, then the emptiest, then the first", () => {
    const devices = [gpu(0), gpu(1), gpu(2), gpu(3)];
    const usage = { "GPU-0": used(40, 0), "GPU-1": used(2, 9), "GPU-2": used(2, 5), "GPU-3": used(2, 5) };
    expect(slots({}, { devices, strategy: "usageAware", usage })).toEqual(["2"]);
    expect(slots({ count: 3 }, { devices, strategy: "usageAware", usage })).toEqual(["1", "2", "3"]);
  });

  test("use only breaks ties: a card that nobody has comes before an idle one of which slices are taken", () => {
    const devices = [...migGpu(0, ["1g.10gb", "1g.10gb"]), ...migGpu(1, ["1g.10gb"])];
    const usage = { "GPU-0": used(0, 0), "GPU-1": used(90, 0) };
    const host: Host = { devices, strategy: "usageAware", usage, taken: ["MIG-0-0"] };
    expect(slots({ profile: "1g.10gb" }, host)).toEqual(["1:0"]);
  });

  test("what is not known may be busy", () => {
    const usage = { "GPU-1": used(60, 7) };
    expect(slots({}, { devices: [gpu(0), gpu(1)], strategy: "usageAware", usage })).toEqual(["1"]);
  });
});
