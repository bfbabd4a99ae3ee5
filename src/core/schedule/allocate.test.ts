import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { allocate } from "./allocate.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import { strategyNames, type Strategy } from "./strategies.ts";

function slots(
  want: Partial<DeviceDemand>,
  devices: Device[],
  leases: Lease[] = [],
  strategy: Strategy = "leastAllocated",
): string[] | string {
  const result = allocate(demand("me", want), { inventory: inventory(devices), leases, strategy });
  return result.type === "allocated"
    ? result.devices.map((device) => device.slot)
    : result.refusals.map(({ device, clause }) => `${device.slot} ${clause}`).join(", ");
}

describe("allocate", () => {
  test("orders slots by number", () => {
    const devices = [gpu(10), gpu(2), gpu(9)];
    expect(slots({ count: 2 }, devices)).toEqual(["2", "9"]);
  });

  test("leastAllocated spreads slices over GPUs, binpack fills one", () => {
    const devices = [...migGpu(0, ["1g.10gb", "1g.10gb", "1g.10gb"]), ...migGpu(1, ["1g.10gb", "1g.10gb"])];
    const leases = [lease("MIG-0-0", "bob/x")];
    const want = { profile: "1g.10gb", count: 2 };
    expect(slots(want, devices, leases, "leastAllocated")).toEqual(["0:1", "1:0"]);
    expect(slots(want, devices, leases, "binpack")).toEqual(["0:1", "0:2"]);
  });

  test("says for every device which clause failed", () => {
    const devices = [
      gpu(0, { healthy: false }),
      ...migGpu(1, ["1g.10gb"]),
      gpu(2, { model: "Tesla T4" }),
      gpu(3, { memoryBytes: 1 }),
      gpu(4),
    ];
    const want = { models: ["*a100*"], minMemoryBytes: 2 };
    expect(slots(want, devices, [lease("GPU-4", "bob/x")])).toBe(
      "0 Unhealthy, 1 MigEnabled, 1:0 IsSlice, 2 WrongModel, 3 TooLittleMemory, 4 Leased",
    );
  });

  test("never gives a GPU of which a slice is taken, nor a slice of a GPU that is taken", () => {
    const [parent, slice] = migGpu(0, ["1g.10gb"]) as [Device, Device];
    const whole = { ...parent, migEnabled: false };
    expect(slots({}, [whole, slice], [lease(slice.uuid, "bob/x")])).toBe("0 Leased, 0:0 IsSlice");
    expect(slots({ profile: "1g.10gb" }, [whole, slice], [lease(whole.uuid, "bob/x")])).toContain(
      "0:0 Leased",
    );
  });

  test("prefers what it had, in that order, over the strategy", () => {
    expect(slots({ preferred: ["GPU-3", "GPU-1"] }, [gpu(0), gpu(1), gpu(2), gpu(3)])).toEqual(["3"]);
  });

  test("counts its own lease as free and takes it again", () => {
    const mine = lease("GPU-1", "alice/me", { state: "Held" });
    expect(slots({}, [gpu(0), gpu(1)], [mine])).toEqual(["1"]);
    expect(slots({}, [gpu(0), gpu(1)], [mine, lease("GPU-1", "bob/x")])).toEqual(["0"]);
  });

  test.each([
    ["*A100*", true],
    ["nvidia a100-sxm4-80gb", true],
    ["A100", false],
    ["*A100*A100*", false],
    ["NVIDIA*80GB", true],
    ["NVIDIA A100-SXM4-80GB*80GB", false],
  ])("matches the model %j: %s", (pattern, expected) => {
    expect(Array.isArray(slots({ models: [pattern] }, [gpu(0)]))).toBe(expected);
  });

  const anyDevices = fc
    .array(fc.option(fc.array(fc.constantFrom("1g.10gb", "2g.20gb", "3g.40gb"), { maxLength: 4 })), {
      maxLength: 5,
    })
    .map((layout) =>
      layout.flatMap((slices, index) => (slices === null ? [gpu(index)] : migGpu(index, slices))),
    )
    .chain((devices) =>
      fc
        .array(fc.boolean(), { minLength: devices.length, maxLength: devices.length })
        .map((healthy) => devices.map((device, index) => ({ ...device, healthy: healthy[index] === true }))),
    );
  const anyCase = anyDevices.chain((devices) =>
    fc.record({
      devices: fc.shuffledSubarray(devices, { minLength: devices.length }),
      leases: fc.array(
        fc
          .tuple(
            fc.constantFrom(...devices.map((device) => device.uuid), "GPU-gone"),
            fc.constantFrom("me", "x", "y"),
          )
          .map(([uuid, name]) => lease(uuid, `alice/${name}`)),
        { maxLength: 6 },
      ),
      preferred: fc.subarray(devices.map((device) => device.uuid)),
      count: fc.integer({ min: 1, max: 4 }),
      profile: fc.constantFrom(null, "1g.10gb", "2g.20gb"),
      strategy: fc.constantFrom(...strategyNames),
    }),
  );

  test("property: distinct, existing, healthy, right and not anybody else's; equal input, equal answer", () => {
    fc.assert(
      fc.property(anyCase, ({ devices, leases, preferred, count, profile, strategy }) => {
        const me = demand("me", { preferred, count, profile });
        const result = allocate(me, { inventory: inventory(devices), leases, strategy });
        expect(allocate(me, { inventory: inventory(devices.toReversed()), leases, strategy })).toEqual(
          result,
        );
        if (result.type === "shortage") {
          expect(result.free.length).toBeLessThan(count);
          return;
        }
        const uuids = result.devices.map((device) => device.uuid);
        expect(new Set(uuids).size).toBe(count);
        for (const device of result.devices) {
          expect(devices).toContain(device);
          expect(device).toMatchObject({ profile, healthy: true, migEnabled: false });
          expect(
            leases.filter(
              (other) =>
                (other.deviceUuid === device.uuid || other.deviceUuid === device.parentUuid) &&
                other.holder.type === "object" &&
                other.holder.uid !== "me",
            ),
          ).toEqual([]);
        }
      }),
    );
  });

  test("property: what is held and still right is what is given again", () => {
    fc.assert(
      fc.property(anyCase, ({ devices, leases, count, profile, strategy }) => {
        const first = allocate(demand("me", { count, profile }), {
          inventory: inventory(devices),
          leases,
          strategy,
        });
        fc.pre(first.type === "allocated");
        const held = first.devices.map((device) => lease(device.uuid, "alice/me"));
        const others = leases.filter((other) => other.holder.type !== "object" || other.holder.uid !== "me");
        expect(
          allocate(demand("me", { count, profile }), {
            inventory: inventory(devices),
            leases: [...others, ...held],
            strategy,
          }),
        ).toEqual(first);
      }),
    );
  });
});
