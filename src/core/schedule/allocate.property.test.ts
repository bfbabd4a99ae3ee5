import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demand, inventory, lease } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { cardShapes, devicesOfCards } from "../../../test/support/random-cards.ts";
import { allocate } from "./allocate.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import { strategyNames } from "./strategies.ts";

const gi = 1024 ** 3;
const profiles = ["1g.10gb", "2g.20gb", "3g.40gb", "7g.80gb"];

const wishes: fc.Arbitrary<Partial<DeviceDemand>> = fc
  .record({
    count: fc.constantFrom(1, 1, 1, 2, 2, 3),
    minMemoryBytes: fc.constantFrom(null, null, null, 15 * gi, 30 * gi),
    kind: fc.oneof(
      fc.constant({}),
      fc.constantFrom(...profiles).map((profile) => ({ profile })),
      fc.constantFrom(2, 3, 4).map((sharers) => ({ sharers })),
      fc
        .record({
          full: fc.boolean(),
          profiles: fc.constantFrom(null, ["2g.20gb"], ["1g.10gb", "3g.40gb"], []),
        })
        .map((migAllowed) => ({ migAllowed })),
    ),
  })
  .map(({ kind, ...rest }) => ({ ...rest, ...kind }));

const cases = fc
  .record({
    shapes: fc.array(cardShapes, { minLength: 1, maxLength: 3 }),
    wish: wishes,
    taken: fc.array(
      fc.record({ place: fc.nat({ max: 30 }), own: fc.constantFrom(false, false, false, true) }),
      {
        maxLength: 6,
      },
    ),
    sick: fc.array(fc.nat({ max: 30 }), { maxLength: 2 }),
  })
  .map(({ shapes, wish, taken, sick }) => {
    const devices = devicesOfCards(shapes).map((device, place) =>
      sick.includes(place) ? { ...device, healthy: false, unhealthyReason: "sick" } : device,
    );
    const leases = taken.flatMap(({ place, own }): readonly Lease[] => {
      const device = devices[place];
      return device === undefined ? [] : [lease(device.uuid, own ? "alice/me" : "bob/other")];
    });
    return { devices, leases, wish: demand("me", wish) };
  });

/** What of which card a device takes, in the terms of the hardware: its memory slices, or one turn among sharers. */
function takes(device: Device, devices: readonly Device[]): readonly string[] {
  const card = device.parentUuid ?? device.uuid;
  const all = [...Array(8).keys()].map((slice) => `${card} memory ${slice}`);
  const turns = devices.filter(({ sharing, parentUuid }) => sharing !== undefined && parentUuid === card);
  if (device.sharing?.replica != null) return [`${card} turn ${device.sharing.replica}`];
  if (device.profile === null) {
    return [...all, ...turns.map(({ sharing }) => `${card} turn ${sharing?.replica}`)];
  }
  const { placement } = device;
  if (placement === undefined) return [`${card} slice ${device.uuid}`];
  return all.slice(placement.start, placement.start + placement.size);
}

function collide(left: Device, right: Device, devices: readonly Device[]): boolean {
  if (left.uuid === right.uuid) return true;
  const [card, other] = [left.parentUuid ?? left.uuid, right.parentUuid ?? right.uuid];
  // A whole card holds everything of it, wherever its parts are.
  if (card === other && (left.parentUuid === null || right.parentUuid === null)) return true;
  const taken = new Set(takes(left, devices));
  return takes(right, devices).some((text) => taken.has(text));
}

/** The request as the documentation words it, told of one device. */
function isAskedFor(wish: DeviceDemand, device: Device): boolean {
  const { sharing, profile } = device;
  if (!device.healthy || device.migEnabled) return false;
  if (device.memoryBytes < (wish.minMemoryBytes ?? 0)) return false;
  if (wish.sharers !== undefined) return sharing?.replica != null && sharing.replicas <= wish.sharers;
  if (sharing !== undefined) return false;
  if (wish.profile !== null) return profile === wish.profile;
  if (wish.migAllowed === undefined) return profile === null;
  if (profile === null) return wish.migAllowed.full;
  return wish.migAllowed.profiles === null || wish.migAllowed.profiles.includes(profile);
}

function isLegal(
  set: readonly Device[],
  input: typeof cases extends fc.Arbitrary<infer T> ? T : never,
): boolean {
  const { devices, leases, wish } = input;
  const others = leases.filter(({ holder }) => holder.type === "object" && holder.uid !== "me");
  const held = devices.filter(({ uuid }) => others.some(({ deviceUuid }) => deviceUuid === uuid));
  return set.every(
    (device, place) =>
      isAskedFor(wish, device) &&
      held.every((other) => !collide(device, other, devices)) &&
      set.slice(0, place).every((other) => {
        const isOneCard = (device.parentUuid ?? device.uuid) === (other.parentUuid ?? other.uuid);
        return !collide(device, other, devices) && !(device.sharing !== undefined && isOneCard);
      }),
  );
}

function setsOf(devices: readonly Device[], size: number): readonly (readonly Device[])[] {
  if (size === 0) return [[]];
  return devices.flatMap((device, place) =>
    setsOf(devices.slice(place + 1), size - 1).map((rest) => [device, ...rest]),
  );
}

describe("allocation on cards of any shape", { timeout: propertyTimeoutMs }, () => {
  it("refuses only what trying every set refuses, and gives only what the hardware can give, by any strategy", () => {
    let given = 0;
    let refused = 0;
    fc.assert(
      fc.property(cases, (input) => {
        const { devices, leases, wish } = input;
        const isPossible = setsOf(devices, wish.count).some((set) => isLegal(set, input));
        if (isPossible) given += 1;
        else refused += 1;
        for (const strategy of strategyNames) {
          const allocation = allocate(wish, { inventory: inventory(devices), leases, strategy });
          expect(allocation.type === "allocated", strategy).toBe(isPossible);
          if (allocation.type === "shortage") continue;
          expect(allocation.devices).toHaveLength(wish.count);
          expect(isLegal(allocation.devices, input), strategy).toBe(true);
        }
      }),
      propertyRuns,
    );
    // Both must have been looked at, or nothing was shown.
    expect(Math.min(given, refused)).toBeGreaterThan(propertyRuns.numRuns / 50);
  });

  it("gives devices of the smallest sum to who takes a slice or a GPU alone, by any strategy", () => {
    fc.assert(
      fc.property(cases, (input) => {
        const { devices, leases } = input;
        const { minMemoryBytes } = input.wish;
        const either = demand("me", { minMemoryBytes, migAllowed: { full: true, profiles: null } });
        const legal = devices.filter((device) => isLegal([device], { ...input, wish: either }));
        const own = leases.filter(({ holder }) => holder.type === "object" && holder.uid === "me");
        const isWanted = legal.some(({ uuid }) => own.some(({ deviceUuid }) => deviceUuid === uuid));
        const least = Math.min(...legal.map(({ gpuEquivalents }) => gpuEquivalents));
        for (const strategy of strategyNames) {
          const allocation = allocate(either, { inventory: inventory(devices), leases, strategy });
          if (allocation.type === "shortage" || isWanted) continue;
          expect(allocation.devices[0]?.gpuEquivalents).toBe(least);
        }
      }),
      propertyRuns,
    );
  });
});
