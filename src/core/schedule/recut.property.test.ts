import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import type { CutProfile } from "./cut.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import { coversSame, type Placement } from "./placement.ts";
import { schedule } from "./queue.ts";
import { nextRecut, type OwnSlice, type Recut } from "./recut.ts";

const gi = 1024 ** 3;
/** As `mig -lgip` and `-lgipp` tell of an A100-80GB. */
const profiles: readonly CutProfile[] = [
  { name: "1g.10gb", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7, memoryBytes: 9.5 * gi },
  { name: "1g.10gb+me", id: 20, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 1, memoryBytes: 9.5 * gi },
  { name: "1g.20gb", id: 15, size: 2, starts: [0, 2, 4, 6], most: 4, memoryBytes: 19.5 * gi },
  { name: "2g.20gb", id: 14, size: 2, starts: [0, 2, 4], most: 3, memoryBytes: 19.5 * gi },
  { name: "3g.40gb", id: 9, size: 4, starts: [0, 4], most: 2, memoryBytes: 39.25 * gi },
  { name: "4g.40gb", id: 5, size: 4, starts: [0], most: 1, memoryBytes: 39.25 * gi },
  { name: "7g.80gb", id: 0, size: 8, starts: [0], most: 1, memoryBytes: 78.75 * gi },
];
const names = profiles.map(({ name }) => name);

interface Part {
  readonly profile: string;
  readonly placement: Placement;
  readonly own: boolean;
  readonly leased: boolean;
  readonly instance: number;
}

/** What is on each card, and beside them a whole GPU that is there and free or not. */
interface Host {
  readonly cards: readonly (readonly Part[])[];
  readonly whole: "none" | "free" | "leased";
}

/** What was cut by ds01 and is idle is the most interesting. */
const owners = fc.constantFrom(
  ...[true, true, true].map((own) => ({ own, leased: false })),
  { own: true, leased: true },
  { own: false, leased: false },
  { own: false, leased: true },
);

const cards: fc.Arbitrary<readonly Part[]> = fc
  .array(fc.record({ profile: fc.constantFrom(...profiles), seed: fc.nat(), owner: owners }), {
    maxLength: 6,
  })
  .map((made) => {
    const parts: Part[] = [];
    for (const { profile, seed, owner } of made) {
      const placement = { start: profile.starts[seed % profile.starts.length] ?? 0, size: profile.size };
      const isMost = parts.filter((one) => one.profile === profile.name).length >= profile.most;
      if (isMost || parts.some((one) => coversSame(one.placement, placement))) continue;
      parts.push({ profile: profile.name, placement, ...owner, instance: parts.length });
    }
    return parts;
  });

const hosts: fc.Arbitrary<Host> = fc.record({
  cards: fc.array(cards, { minLength: 1, maxLength: 2 }),
  whole: fc.constantFrom("none", "none", "free", "leased"),
});

const wishes = fc
  .record({
    count: fc.constantFrom(1, 1, 1, 2, 2, 3),
    minMemoryBytes: fc.constantFrom(null, null, 9.5 * gi, 10 * gi, 30 * gi, 60 * gi),
    sameBoard: fc.constantFrom(null, null, "required" as const),
    kind: fc.oneof(
      { arbitrary: fc.constantFrom(...names).map((profile) => ({ profile })), weight: 1 },
      {
        arbitrary: fc
          .record({
            full: fc.boolean(),
            profiles: fc.constantFrom(
              null,
              null,
              ["2g.20gb"],
              ["1g.10gb", "3g.40gb"],
              ["4g.40gb", "1g.20gb"],
              ["1g.10gb+me", "2g.20gb"],
              [],
            ),
          })
          .map((migAllowed) => ({ migAllowed })),
        weight: 3,
      },
    ),
    quotaLeft: fc.constantFrom(null, null, 0.15, 0.3, 0.6, 1),
  })
  .map(({ kind, quotaLeft, ...rest }) => ({ wish: demand("me", { ...rest, ...kind }), quotaLeft }));

function devicesOf({ cards: made, whole }: Host): readonly Device[] {
  const cut = made.flatMap((parts, index) => {
    const [card, ...slices] = migGpu(
      index,
      parts.map(({ profile }) => profile),
    );
    return card === undefined
      ? []
      : [
          { ...card, cutting: { profiles, parts, byDs01: true } },
          ...slices.map((device, place): Device => {
            const { profile, placement, instance } = parts[place] as Part;
            const { memoryBytes = 0 } = profiles.find(({ name }) => name === profile) ?? {};
            return {
              ...device,
              uuid: uuidOf(index, instance),
              gpuInstance: instance,
              placement,
              memoryBytes,
            };
          }),
        ];
  });
  return whole === "none" ? cut : [...cut, gpu(made.length)];
}

const uuidOf = (card: number, instance: number): string => `MIG-${card}-${instance}`;

function leasesOf({ cards: made, whole }: Host): readonly Lease[] {
  const slices = made.flatMap((parts, index) =>
    parts.filter(({ leased }) => leased).map(({ instance }) => lease(uuidOf(index, instance), "bob/b")),
  );
  return whole === "leased" ? [...slices, lease(`GPU-${made.length}`, "bob/b")] : slices;
}

function ownOf({ cards: made }: Host): readonly OwnSlice[] {
  return made.flatMap((parts, index) =>
    parts
      .filter(({ own }) => own)
      .map(({ instance, profile, placement }) => ({
        cardUuid: `GPU-${index}`,
        gpuInstance: instance,
        profile,
        placement,
      })),
  );
}

/** As the documentation words it: whether a slice of the profile is what is asked for. */
function isSufficient(wish: DeviceDemand, name: string): boolean {
  const { memoryBytes = 0 } = profiles.find((profile) => profile.name === name) ?? {};
  if (memoryBytes < (wish.minMemoryBytes ?? 0)) return false;
  if (wish.profile !== null) return wish.profile === name;
  return wish.migAllowed?.profiles === null || wish.migAllowed?.profiles.includes(name) === true;
}

const costOf = (name: string): number => Number(/^(\d)g/.exec(name)?.[1]) / 7;

/** The least that 0, 1, 2, ... sufficient slices of one card cost, by trying every layout of what may be changed. */
function leastCosts(parts: readonly Part[], wish: DeviceDemand, mayCut: boolean): readonly number[] {
  const fixed = mayCut ? parts.filter(({ own, leased }) => leased || !own) : parts;
  const free = fixed.filter(({ leased, profile }) => !leased && isSufficient(wish, profile));
  const places = mayCut
    ? profiles
        .filter(({ name }) => isSufficient(wish, name))
        .flatMap(({ name, starts, size, most }) =>
          starts.map((start) => ({ profile: name, placement: { start, size }, most })),
        )
        .filter(({ placement }) => !fixed.some((one) => coversSame(one.placement, placement)))
    : [];
  const least: number[] = [0];
  const note = (count: number, cost: number): void => {
    least[count] = Math.min(least[count] ?? Infinity, cost);
  };
  const existing = free.map(({ profile }) => costOf(profile)).toSorted((a, b) => a - b);
  const visit = (from: number, made: readonly (typeof places)[number][], cost: number): void => {
    let sum = cost;
    note(made.length, sum);
    for (const [place, more] of existing.entries()) note(made.length + place + 1, (sum += more));
    for (let next = from; next < places.length && made.length < 3; next += 1) {
      const place = places[next] as (typeof places)[number];
      const alike = [...fixed, ...made].filter(({ profile }) => profile === place.profile).length;
      if (alike >= place.most || made.some((one) => coversSame(one.placement, place.placement))) continue;
      visit(next + 1, [...made, place], cost + costOf(place.profile));
    }
  };
  visit(0, [], 0);
  return least;
}

/** Whether any layout, and any choice of devices in it, serves the wish. */
function canBeServed(host: Host, wish: DeviceDemand, quotaLeft: number | null, mayCut: boolean): boolean {
  const groups = host.cards.map((parts) => leastCosts(parts, wish, mayCut));
  if (host.whole === "free" && wish.migAllowed?.full === true && (wish.minMemoryBytes ?? 0) <= 80 * gi) {
    groups.push([0, 1]);
  }
  const within = (cost: number | undefined): boolean =>
    cost !== undefined && (quotaLeft === null || cost <= quotaLeft + 1e-6);
  // How the cards are joined is not known here: what is on one board is on one card.
  if (wish.sameBoard === "required" && wish.count > 1)
    return groups.some((costs) => within(costs[wish.count]));
  const all = groups.reduce<readonly number[]>(
    (sums, costs) => {
      const next: number[] = [];
      for (const [some, cost] of sums.entries())
        for (const [more, extra] of costs.entries())
          next[some + more] = Math.min(next[some + more] ?? Infinity, cost + extra);
      return next;
    },
    [0],
  );
  return within(all[wish.count]);
}

/** The host once the change is made; throws where the driver, or somebody who has a slice, would object. */
function changed(host: Host, recut: Recut): Host {
  const index = recut.do === "create" ? recut.card.index : recut.slice.index;
  const parts = host.cards[index] ?? [];
  const set = (next: readonly Part[]): Host => ({ ...host, cards: host.cards.with(index, next) });
  if (recut.do === "destroy") {
    const taken = parts.find(({ instance }) => uuidOf(index, instance) === recut.slice.uuid);
    expect(taken).toMatchObject({ own: true, leased: false });
    return set(parts.filter((one) => one !== taken));
  }
  const { profile, placement } = recut;
  expect(profile.starts).toContain(placement.start);
  expect(placement.size).toBe(profile.size);
  expect(parts.filter((one) => coversSame(one.placement, placement))).toEqual([]);
  expect(parts.filter((one) => one.profile === profile.name).length).toBeLessThan(profile.most);
  const instance = [...Array(9).keys()].find((id) => parts.every((one) => one.instance !== id)) ?? 9;
  return set([...parts, { profile: profile.name, placement, own: true, leased: false, instance }]);
}

/** The scheduler must come to the same: what was cut is of no use otherwise. */
function expectGiven(host: Host, wish: DeviceDemand, quotaLeft: number | null): void {
  const devices = devicesOf(host);
  const outcome = schedule({
    demands: [{ ...wish, quotaLeft }],
    inventory: inventory(devices),
    leases: leasesOf(host),
    strategy: "leastAllocated",
    now: 0,
    formatTime: String,
  }).get(wish.uid);
  expect(outcome?.type).toBe("assigned");
}

describe("cutting cards for who waits", { timeout: propertyTimeoutMs }, () => {
  it("ends with what was asked for exactly when trying every layout finds it, and changes nothing else", () => {
    const seen = { served: 0, refused: 0, cut: 0, removed: 0 };
    fc.assert(
      fc.property(hosts, wishes, (start, { wish, quotaLeft }) => {
        const isPossible = canBeServed(start, wish, quotaLeft, true);
        let host = start;
        for (let step = 0; ; step += 1) {
          expect(step).toBeLessThan(24);
          const input = { devices: devicesOf(host), leases: leasesOf(host), own: ownOf(host) };
          const recut = nextRecut({ wanted: [{ demand: wish, quotaLeft }], ...input });
          if (recut === null) break;
          // Nothing is cut or taken away in vain, nor while what is free will do.
          expect(isPossible).toBe(true);
          expect(canBeServed(host, wish, quotaLeft, false)).toBe(false);
          if (recut.do === "create") {
            seen.cut += 1;
            expect(isSufficient(wish, recut.profile.name)).toBe(true);
          } else seen.removed += 1;
          host = changed(host, recut);
        }
        expect(canBeServed(host, wish, quotaLeft, false)).toBe(isPossible);
        if (isPossible && wish.sameBoard === null) expectGiven(host, wish, quotaLeft);
        if (isPossible) seen.served += 1;
        else seen.refused += 1;
      }),
      { numRuns: propertyRuns.numRuns * 2 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(propertyRuns.numRuns / 40);
  });

  it("cuts the smallest slice that will do of those that there is room for", () => {
    fc.assert(
      fc.property(hosts, wishes, (host, { wish, quotaLeft }) => {
        const one = { ...wish, count: 1 };
        const input = { devices: devicesOf(host), leases: leasesOf(host), own: [] };
        const recut = nextRecut({ wanted: [{ demand: one, quotaLeft }], ...input });
        if (recut?.do !== "create") return;
        const possible = host.cards.flatMap((parts) =>
          profiles.filter(
            ({ name, starts, size, most }) =>
              isSufficient(one, name) &&
              parts.filter(({ profile }) => profile === name).length < most &&
              starts.some((start) => !parts.some(({ placement }) => coversSame(placement, { start, size }))),
          ),
        );
        const least = Math.min(...possible.map(({ name }) => costOf(name)));
        expect(costOf(recut.profile.name)).toBe(least);
      }),
      propertyRuns,
    );
  });
});
