import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gpu, inventory, migGpu } from "../../../test/support/devices.ts";
import { linkedGpus, pcieGpus } from "../../../test/support/topologies.ts";
import { chooseDevices, failedJoin } from "./choose-devices.ts";
import type { Device } from "./device.ts";
import { isJoined, joins } from "./device-links.ts";
import { overlap } from "./device-order.ts";
import { strategyNames } from "./strategies.ts";

const anything = { nvlink: null, sameBoard: null } as const;

function choose(want: object, devices: readonly Device[], wanted: readonly string[] = []) {
  const chosen = chooseDevices({
    demand: { count: 1, ...anything, ...want },
    free: devices,
    wanted,
    inventory: inventory(devices),
    leases: [],
    strategy: "leastAllocated",
  });
  return chosen?.map(({ slot }) => slot).toSorted() ?? null;
}

describe("devices that go together", () => {
  /** 0-2 and 1-3 are joined by NVLink, 0-1 and 2-3 sit behind one switch. */
  const crossed = linkedGpus(4, (left, right) =>
    right - left === 2 ? "NV4" : left + 1 === right && left % 2 === 0 ? "PIX" : "SYS",
  );

  test.each([
    ["nvlink", "preferred", ["0", "2"]],
    ["nvlink", "required", ["0", "2"]],
    ["sameBoard", "required", ["0", "1"]],
  ])("%s: %s", (join, wish, expected) => {
    expect(choose({ count: 2, [join]: wish }, crossed)).toEqual(expected);
  });

  test("preferred does without, required does not", () => {
    expect(choose({ count: 3, nvlink: "preferred" }, crossed)).toEqual(["0", "1", "2"]);
    expect(choose({ count: 3, nvlink: "required" }, crossed)).toBeNull();
  });

  test("lets go of what it had when it cannot be completed", () => {
    const [first, ...others] = crossed as [Device, ...Device[]];
    const free = [first, ...others.slice(0, 1), ...others.slice(2)];
    expect(choose({ count: 2, nvlink: "required" }, free, [first.uuid])).toEqual(["1", "3"]);
  });

  test("slices of one GPU are on one board, and have no NVLink", () => {
    const slices = [
      ...migGpu(0, ["1g.10gb"]),
      ...migGpu(1, ["1g.10gb"]),
      ...migGpu(2, ["1g.10gb", "1g.10gb"]),
    ].filter(({ profile }) => profile !== null);
    expect(choose({ count: 2, sameBoard: "required" }, slices)).toEqual(["2:0", "2:1"]);
    expect(choose({ count: 2, sameBoard: "preferred" }, slices)).toEqual(["2:0", "2:1"]);
    expect(choose({ count: 2, nvlink: "required" }, slices)).toBeNull();
  });

  test("a topology that is not known joins nothing", () => {
    const devices = [gpu(0), gpu(1)];
    const demand = { count: 2, nvlink: "required", sameBoard: null } as const;
    expect(choose(demand, devices)).toBeNull();
    expect(failedJoin(demand, devices)).toBe("unknown");
    expect(failedJoin(demand, crossed)).toBeUndefined();
    expect(failedJoin({ ...demand, count: 3 }, crossed)).toBe("nvlink");
    expect(failedJoin({ ...demand, count: 9 }, crossed)).toBeUndefined();
  });

  test("chooses among many devices at once", () => {
    const slices = Array.from({ length: 16 }, (_, index) => migGpu(index, Array<string>(7).fill("1g.10gb")))
      .flat()
      .filter(({ profile }) => profile !== null);
    expect(choose({ count: 64, sameBoard: "preferred" }, slices)).toHaveLength(64);
    expect(choose({ count: 8, sameBoard: "required" }, slices)).toBeNull();
    expect(choose({ count: 8, nvlink: "preferred" }, pcieGpus(16, 8))).toHaveLength(8);
  });
});

test("property: every strategy finds a legal set exactly when trying all sets finds one", () => {
  const links = fc.constantFrom("SYS", "NODE", "PIX", "NV2", "NV12", null);
  const anyCase = fc.record({
    size: fc.integer({ min: 0, max: 6 }),
    links: fc.array(links, { minLength: 36, maxLength: 36 }),
    slices: fc.array(fc.constantFrom("1g.10gb", "2g.20gb"), { maxLength: 3 }),
    count: fc.integer({ min: 1, max: 4 }),
    nvlink: fc.constantFrom(null, "preferred", "required"),
    sameBoard: fc.constantFrom(null, "preferred", "required"),
    wanted: fc.uniqueArray(fc.nat(6), { maxLength: 3 }),
    strategy: fc.constantFrom(...strategyNames),
  });
  fc.assert(
    fc.property(anyCase, ({ size, links: between, slices, count, nvlink, sameBoard, wanted, strategy }) => {
      const gpus = linkedGpus(size, (left, right) => between[left * 6 + right] ?? null);
      const free = [...gpus, ...migGpu(7, slices)];
      const demand = { count, nvlink, sameBoard };
      const isLegal = (set: readonly Device[]): boolean =>
        set.every((device, place) =>
          set
            .slice(0, place)
            .every(
              (other) =>
                !overlap(device, other) &&
                joins.every((join) => demand[join] !== "required" || isJoined(join, device, other) === true),
            ),
        );
      const chosen = chooseDevices({
        demand,
        free,
        wanted: wanted.map((index) => `GPU-${index}`),
        inventory: inventory(free),
        leases: [],
        strategy,
      });
      expect(chosen !== undefined).toBe(setsOf(free, count).some(isLegal));
      if (chosen === undefined) return;
      expect(chosen).toHaveLength(count);
      expect(isLegal(chosen)).toBe(true);
      for (const device of chosen) expect(free).toContain(device);
    }),
  );
});

function setsOf(devices: readonly Device[], size: number): readonly (readonly Device[])[] {
  if (size === 0) return [[]];
  return devices.flatMap((device, place) =>
    setsOf(devices.slice(place + 1), size - 1).map((rest) => [device, ...rest]),
  );
}

describe("devices that an object of the same name held before it was removed", () => {
  const four = [0, 1, 2, 3].map((index) => gpu(index));

  test("break the tie, and are missed where they are not free", () => {
    expect(choose({ former: ["GPU-2"] }, four)).toEqual(["2"]);
    expect(choose({ count: 2, former: ["GPU-3", "GPU-1"] }, four)).toEqual(["1", "3"]);
    expect(choose({ former: ["GPU-9"] }, four)).toEqual(["0"]);
    expect(choose({ count: 2, former: ["GPU-3", "GPU-9"] }, four)).toEqual(["0", "3"]);
  });

  test("come after what it holds or held itself", () => {
    expect(choose({ former: ["GPU-2"] }, four, ["GPU-3"])).toEqual(["3"]);
  });

  test("decide nothing that the strategy or the size does", () => {
    const slices = [...migGpu(0, ["1g.10gb", "3g.40gb"]), gpu(1)].filter(
      ({ migEnabled, profile }) => !migEnabled || profile !== null,
    );
    const some = { full: true, profiles: null };
    expect(choose({ migAllowed: some, former: ["GPU-1"] }, slices)).toEqual(["0:0"]);
  });

  test("never make a choice possible or impossible, whatever they are", () => {
    const index = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(index),
        fc.uniqueArray(index),
        fc.integer({ min: 1, max: 4 }),
        (free, former, count) => {
          const devices = free.map((one) => gpu(one));
          const chosen = choose({ count, former: former.map((one) => `GPU-${one}`) }, devices);
          expect(chosen?.length).toBe(choose({ count }, devices)?.length);
          const kept = former.filter((one) => free.includes(one)).length;
          if (chosen !== null)
            expect(chosen.filter((slot) => former.includes(Number(slot)))).toHaveLength(
              Math.min(kept, count),
            );
        },
      ),
    );
  });
});
