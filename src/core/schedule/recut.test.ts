import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, lease, migGpu } from "../../../test/support/devices.ts";
import type { CutProfile } from "./cut.ts";
import type { Device } from "./device.ts";
import { coversSame, type Placement } from "./placement.ts";
import { cuttableSlices } from "./cuttable.ts";
import type { DeviceDemand } from "./lease.ts";
import { nextRecut, type OwnSlice, type WantedSlices } from "./recut.ts";

const profiles: readonly CutProfile[] = [
  { name: "1g.10gb", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7 },
  { name: "2g.20gb", id: 14, size: 2, starts: [0, 2, 4], most: 3 },
  { name: "3g.40gb", id: 9, size: 4, starts: [0, 4], most: 2 },
  { name: "7g.80gb", id: 0, size: 8, starts: [0], most: 1 },
];

interface Part {
  readonly profile: string;
  readonly placement: Placement;
  readonly own: boolean;
}

/** A card that ds01 may cut, with these slices; the instance ids are their places in the list. */
function cardOf(index: number, parts: readonly Part[], byDs01 = true): readonly Device[] {
  const [card, ...slices] = migGpu(
    index,
    parts.map(({ profile }) => profile),
  );
  if (card === undefined) return [];
  return [
    { ...card, cutting: { profiles, parts, byDs01 } },
    ...slices.map((device, place): Device => {
      const placement = parts[place]?.placement;
      return placement === undefined ? device : { ...device, gpuInstance: place, placement };
    }),
  ];
}

function ownOf(index: number, parts: readonly Part[]): readonly OwnSlice[] {
  return parts.flatMap(({ profile, placement, own }, gpuInstance) =>
    own ? [{ cardUuid: `GPU-${index}`, gpuInstance, profile, placement }] : [],
  );
}

const part = (text: string, own = false): Part => {
  const [profile = "", place = ""] = text.split("@");
  const [start = 0, size = 1] = place.split(":").map(Number);
  return { profile, placement: { start, size }, own };
};

const asking = (change: Partial<DeviceDemand>, quotaLeft: number | null = null): WantedSlices => ({
  demand: demand("a", change),
  quotaLeft,
});
const wants = (profile: string, count = 1): WantedSlices => asking({ profile, count });

function told(
  parts: readonly Part[],
  wanted: readonly WantedSlices[],
  leased: readonly string[] = [],
): string {
  const leases = leased.map((uuid) => lease(uuid, "bob/b"));
  const recut = nextRecut({ wanted, devices: cardOf(0, parts), leases, own: ownOf(0, parts) });
  if (recut === null) return "nothing";
  return recut.do === "create"
    ? `create ${recut.profile.name}@${recut.placement.start}`
    : `destroy ${recut.slice.uuid}`;
}

describe("what to cut next", () => {
  const idle = part("3g.40gb@0:4", true);

  test.each([
    ["an empty card", [], [wants("2g.20gb")], [], "create 2g.20gb@0"],
    [
      "room beside what others cut",
      [part("3g.40gb@4:4")],
      [wants("3g.40gb")],
      ["MIG-0-0"],
      "create 3g.40gb@0",
    ],
    ["a slice that is free already", [part("2g.20gb@0:2")], [wants("2g.20gb")], [], "nothing"],
    ["one more of two", [part("2g.20gb@0:2")], [wants("2g.20gb", 2)], [], "create 2g.20gb@2"],
    ["an idle slice of our own in the way", [idle], [wants("7g.80gb")], [], "destroy MIG-0-0"],
    ["a leased one of our own in the way", [idle], [wants("7g.80gb")], ["MIG-0-0"], "nothing"],
    ["an idle one of somebody else in the way", [part("3g.40gb@0:4")], [wants("7g.80gb")], [], "nothing"],
    ["no such profile", [], [wants("4g.40gb")], [], "nothing"],
    ["nobody who waits", [idle], [], [], "nothing"],
    [
      "a second one who can be helped",
      [part("7g.80gb@0:8")],
      [wants("3g.40gb"), wants("7g.80gb")],
      [],
      "nothing",
    ],
  ] as const)("%s", (...[, parts, wanted, leased, expected]) => {
    expect(told(parts, wanted, leased)).toBe(expected);
  });

  const gi = 1024 ** 3;
  const anything = { full: true, profiles: null };
  const either = (change: Partial<DeviceDemand> = {}, quotaLeft: number | null = null): WantedSlices =>
    asking({ migAllowed: anything, ...change }, quotaLeft);

  test.each([
    ["the smallest profile there is", [], either(), [], "create 1g.10gb@6"],
    ["the smallest with the memory", [], either({ minMemoryBytes: 15 * gi }), [], "create 2g.20gb@0"],
    // A slice of 10 GB in name has less than that.
    [
      "no slice of less memory than its name says",
      [],
      either({ minMemoryBytes: 10 * gi }),
      [],
      "create 2g.20gb@0",
    ],
    [
      "nothing for a profile that has less memory",
      [],
      asking({ profile: "1g.10gb", minMemoryBytes: 10 * gi }),
      [],
      "nothing",
    ],
    [
      "only what the quota grants",
      [],
      either({ migAllowed: { full: true, profiles: ["3g.40gb"] } }),
      [],
      "create 3g.40gb@4",
    ],
    [
      "nothing that the quota does not grant",
      [],
      either({ migAllowed: { full: true, profiles: [] } }),
      [],
      "nothing",
    ],
    ["no more than the quota has left", [], either({}, 0.2), [], "create 1g.10gb@6"],
    ["nothing beyond what the quota has left", [], either({ minMemoryBytes: 15 * gi }, 0.2), [], "nothing"],
    ["nothing where a slice is free", [part("3g.40gb@0:4")], either(), [], "nothing"],
    [
      "one more where that is beyond the quota",
      [part("3g.40gb@0:4")],
      either({}, 0.2),
      [],
      "create 1g.10gb@6",
    ],
    ["nothing where the capability is too low", [], either({ minComputeCapability: "9.0" }), [], "nothing"],
    [
      "a larger one where the smaller has no room",
      [part("1g.10gb@6:1")],
      either({ minMemoryBytes: 15 * gi }),
      ["MIG-0-0"],
      "create 2g.20gb@4",
    ],
    [
      "only as many as all it needs",
      [part("3g.40gb@0:4")],
      either({ minMemoryBytes: 30 * gi, count: 2 }),
      ["MIG-0-0"],
      "nothing",
    ],
    [
      "an idle one of our own in the way",
      [part("1g.10gb@0:1", true)],
      either({ minMemoryBytes: 60 * gi }),
      [],
      "destroy MIG-0-0",
    ],
    [
      "a large idle one of our own for two small ones",
      [part("7g.80gb@0:8", true)],
      either({ count: 2 }),
      [],
      "destroy MIG-0-0",
    ],
    [
      "an idle one of somebody else in the way",
      [part("1g.10gb@0:1")],
      either({ minMemoryBytes: 60 * gi }),
      [],
      "nothing",
    ],
    ["whole GPUs asked for", [], asking({}), [], "nothing"],
  ] as const)("a slice or a GPU: %s", (...[, parts, wanted, leased, expected]) => {
    expect(told(parts, [wanted], leased)).toBe(expected);
  });

  test("goes by the memory that slices like it have, else by what the driver announces", () => {
    const [card] = cardOf(0, []) as [Device];
    const announced = (memoryBytes: number): Device => ({
      ...card,
      cutting: {
        profiles: profiles.map((profile) => (profile.size === 1 ? { ...profile, memoryBytes } : profile)),
        parts: [],
        byDs01: true,
      },
    });
    const next = (...devices: readonly Device[]): unknown => {
      const wanted = [either({ minMemoryBytes: 10 * gi })];
      const leases = [lease("MIG-1-0", "bob/b")];
      return nextRecut({ wanted, devices, leases, own: [] });
    };
    expect(next(announced(10 * gi))).toMatchObject({ profile: { name: "1g.10gb" } });
    expect(next(announced(9 * gi))).toMatchObject({ profile: { name: "2g.20gb" } });
    const [, alike] = migGpu(1, ["1g.10gb"]) as [Device, Device];
    expect(next(announced(10 * gi), { ...alike, memoryBytes: 9 * gi })).toMatchObject({
      profile: { name: "2g.20gb" },
    });
  });

  test("leaves a whole GPU or slice that is free to be given, and cuts when all are taken", () => {
    const devices = [...cardOf(0, []), gpu(1)];
    const next = (...leased: readonly string[]): unknown =>
      nextRecut({ wanted: [either()], devices, leases: leased.map((uuid) => lease(uuid, "bob/b")), own: [] });
    expect(next()).toBeNull();
    expect(next("GPU-1")).toMatchObject({ do: "create", profile: { name: "1g.10gb" }, card: { slot: "0" } });
  });

  test("cuts slices that are to be on one board on one card", () => {
    const full = Array.from({ length: 6 }, (_, start) => part(`1g.10gb@${start}:1`));
    const devices = [...cardOf(0, full), ...cardOf(1, [])];
    const leases = full.map((_, index) => lease(`MIG-0-${index}`, "bob/b"));
    const next = (sameBoard: "required" | null): unknown =>
      nextRecut({ wanted: [either({ count: 2, sameBoard })], devices, leases, own: [] });
    expect(next("required")).toMatchObject({ do: "create", card: { slot: "1" } });
    expect(next(null)).toMatchObject({ do: "create", card: { slot: "0" } });
  });

  test("cuts nothing of what is held as a whole, by whomever, or is reserved for others", () => {
    const devices = cardOf(0, [part("3g.40gb@0:4", true)]);
    const own = ownOf(0, [part("3g.40gb@0:4", true)]);
    const large = either({ minMemoryBytes: 60 * gi });
    expect(nextRecut({ wanted: [large], devices, leases: [], own })).toMatchObject({ do: "destroy" });
    const all = [lease("GPU-0", "bob/b", { state: "InUse" }), lease("MIG-0-0", "bob/b", { state: "InUse" })];
    for (const wanted of [large, either()])
      expect(nextRecut({ wanted: [wanted], devices, leases: all, own })).toBeNull();
    const reserved = [lease("MIG-0-0", "course/c")];
    expect(nextRecut({ wanted: [{ ...either(), reserved }], devices, leases: [], own })).toMatchObject({
      do: "create",
      profile: { name: "1g.10gb" },
    });
    expect(nextRecut({ wanted: [{ ...large, reserved }], devices, leases: [], own })).toBeNull();
    for (const uuid of ["MIG-0-0", "GPU-0"]) {
      const kept = devices.filter((device) => device.uuid === uuid);
      expect(nextRecut({ wanted: [large], devices, leases: [], own, kept })).toBeNull();
    }
    const card = [lease("GPU-0", "course/c")];
    expect(
      nextRecut({ wanted: [{ ...large, reserved: card }, either()], devices, leases: [], own }),
    ).toBeNull();
  });

  test("leaves a card alone that is not to be cut, is sick, cordoned, or unsettled under somebody", () => {
    const [card] = cardOf(0, []) as [Device];
    const next = (change: Partial<Device>, gone?: string): unknown =>
      nextRecut({
        wanted: [wants("2g.20gb")],
        devices: [{ ...card, ...change }],
        leases: gone === undefined ? [] : [lease("GPU-0", "bob/b", { gone })],
        own: [],
      });
    expect(next({})).not.toBeNull();
    expect(next({ cutting: { profiles, parts: [], byDs01: false } })).toBeNull();
    expect(next({ healthy: false })).toBeNull();
    expect(next({ cordon: { uuid: "GPU-0", by: "root", at: 0, reason: null } })).toBeNull();
    expect(next({}, "slice 0:1")).toBeNull();
    expect(cuttableSlices(wants("2g.20gb").demand, [card, gpu(1)])).toHaveLength(3);
  });

  test("property: cuts only into room, takes only idle slices of its own, and gets whoever can be helped there", () => {
    const slices = fc.array(
      fc.record({
        profile: fc.constantFrom(...profiles),
        seed: fc.nat(),
        own: fc.boolean(),
        leased: fc.boolean(),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(slices, fc.constantFrom(...profiles.map(({ name }) => name)), (made, wanted) => {
        let parts: readonly (Part & { readonly leased: boolean })[] = [];
        for (const { profile, seed, own, leased } of made) {
          const start = profile.starts[seed % profile.starts.length] ?? 0;
          const placement = { start, size: profile.size };
          if (parts.some((one) => coversSame(one.placement, placement))) continue;
          parts = [...parts, { profile: profile.name, placement, own, leased }];
        }
        // Whether all idle slices of its own gone would make room.
        const stays = parts.filter(({ own, leased }) => leased || !own);
        const profile = profiles.find(({ name }) => name === wanted);
        const canHelp =
          parts.some((one) => one.profile === wanted && !one.leased) ||
          (profile?.starts ?? []).some((start) =>
            stays.every((one) => !coversSame(one.placement, { start, size: profile?.size ?? 0 })),
          );
        for (let step = 0; step <= 8; step += 1) {
          const leases = parts.flatMap(({ leased }, index) =>
            leased ? [lease(`MIG-0-${index}`, "bob/b")] : [],
          );
          const recut = nextRecut({
            wanted: [wants(wanted)],
            devices: cardOf(0, parts),
            leases,
            own: ownOf(0, parts),
          });
          if (recut === null) break;
          expect(step).toBeLessThan(8);
          if (recut.do === "create") {
            const { placement } = recut;
            expect(parts.some((one) => coversSame(one.placement, placement))).toBe(false);
            parts = [...parts, { profile: wanted, placement, own: true, leased: false }];
          } else {
            const taken = parts[recut.own.gpuInstance];
            expect(taken).toMatchObject({ own: true, leased: false });
            parts = parts.filter((one) => one !== taken);
          }
        }
        expect(parts.some((one) => one.profile === wanted && !one.leased)).toBe(canHelp);
      }),
    );
  });
});
