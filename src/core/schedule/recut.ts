import { groupBy } from "../../util/group-by.ts";
import { fitsWithin } from "../quota/gpu-equivalents.ts";
import { judgeDevices } from "./allocate.ts";
import { chooseDevices } from "./choose-devices.ts";
import type { CutCard, CutProfile } from "./cut.ts";
import { type CuttableSlice, fillCard, fittingProfiles, openCardOf, type OpenCard } from "./cuttable.ts";
import { describeNeed } from "./describe-need.ts";
import type { Device } from "./device.ts";
import { compareDevices, overlap, physicalUuid } from "./device-order.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import { formatPlacement, type Placement } from "./placement.ts";
import { shapeText } from "./shape.ts";

/** A slice that ds01 cut itself, as it was recorded when that was done. */
export interface OwnSlice {
  readonly cardUuid: string;
  readonly gpuInstance: number;
  readonly profile: string;
  readonly placement: Placement;
}

/** A request that waits for devices and would do with slices. */
export interface WantedSlices {
  readonly demand: DeviceDemand;
  /** GPU-equivalents that its owner may still take, borrowed ones included; null is unlimited. */
  readonly quotaLeft: number | null;
  /** Leases that reservations of others are to it; absent: none. */
  readonly reserved?: readonly Lease[];
}

export interface RecutInput {
  /** In the order of the queue. */
  readonly wanted: readonly WantedSlices[];
  readonly devices: readonly Device[];
  readonly leases: readonly Lease[];
  readonly own: readonly OwnSlice[];
  /** Devices that are kept for reservations: for nobody these are taken away. Absent: none. */
  readonly kept?: readonly Device[];
}

export type Recut =
  | {
      readonly do: "create";
      readonly card: Device;
      readonly profile: CutProfile;
      readonly placement: Placement;
      readonly cause: string;
    }
  | { readonly do: "destroy"; readonly slice: Device; readonly own: OwnSlice; readonly cause: string };

/**
 * The next single change of the cards on the way to all that the first request needs which can be helped: one more of
 * the smallest slices that do, where it leaves most to others, else the removal of an idle slice of ds01's own that is
 * in the way. Null when nobody can be helped: then no layout that leaves alone what is held, and what others have
 * cut, has room for all that a request needs.
 */
export function nextRecut(input: RecutInput): Recut | null {
  const asked = new Set<string>();
  for (const wanted of input.wanted) {
    const { demand, quotaLeft, reserved = [] } = wanted;
    // A thousand that wait ask for a few things.
    const key = [quotaLeft, shapeText(demand), ...reserved.map(({ deviceUuid }) => deviceUuid)].join(" ");
    const leases = reserved.length === 0 ? input.leases : [...input.leases, ...reserved];
    const recut = asked.has(key) ? null : recutFor(wanted, { ...input, leases });
    if (recut !== null) return recut;
    asked.add(key);
  }
  return null;
}

/** The slice of ds01's own that the device is; undefined when somebody else has cut it. */
export function ownSliceOf(device: Device, own: readonly OwnSlice[]): OwnSlice | undefined {
  const { parentUuid, gpuInstance, profile, placement } = device;
  if (placement === undefined) return undefined;
  return own.find(
    (slice) =>
      slice.cardUuid === parentUuid &&
      slice.gpuInstance === gpuInstance &&
      slice.profile === profile &&
      formatPlacement(slice.placement) === formatPlacement(placement),
  );
}

function recutFor(wanted: WantedSlices, input: RecutInput): Recut | null {
  const { demand } = wanted;
  const cards = openCards(demand, input);
  if (cards.length === 0) return null;
  const { free } = judgeDevices(demand, input.devices, input.leases);
  const attempt: Attempt = { ...wanted, cards, free, input };
  // Something else than a lack of devices keeps it waiting.
  if (served(attempt, [], []) !== undefined) return null;
  const cause = `${demand.namespace}/${demand.name} waits for ${describeNeed(demand)}`;
  const cut = firstCut(attempt, []);
  if (cut !== undefined) {
    const { card, profile, placement } = cut;
    return { do: "create", card, profile, placement, cause };
  }
  const [inTheWay] = toRemove(attempt) ?? [];
  return inTheWay === undefined ? null : { do: "destroy", ...inTheWay, cause };
}

interface CardForRequest extends OpenCard {
  /** Those of which a slice would do, the smallest first. */
  readonly profiles: readonly CutProfile[];
}

interface IdleSlice {
  readonly slice: Device;
  readonly own: OwnSlice;
}

interface Attempt extends WantedSlices {
  readonly cards: readonly CardForRequest[];
  /** Devices that are right and free, each by itself. */
  readonly free: readonly Device[];
  readonly input: RecutInput;
}

/** Cards that ds01 may cut for the request, those cut already first: whole ones stay open for large profiles. */
function openCards(demand: DeviceDemand, { devices, leases }: RecutInput): readonly CardForRequest[] {
  return devices
    .flatMap((card): readonly CardForRequest[] => {
      const open = openCardOf(card);
      if (open === undefined || !card.healthy || card.cordon !== undefined) return [];
      // What is cut of it would be held as well.
      if (leases.some(({ deviceUuid }) => deviceUuid === card.uuid)) return [];
      // Somebody may still use what was cut away under them.
      const isOnCard = ({ uuid, parentUuid }: Device): boolean =>
        uuid === card.uuid || parentUuid === card.uuid;
      const isUnsettled = leases.some(
        ({ deviceUuid, gone }) =>
          gone !== undefined && devices.some((device) => device.uuid === deviceUuid && isOnCard(device)),
      );
      const profiles = isUnsettled ? [] : fittingProfiles(demand, open, devices);
      return profiles.length === 0 ? [] : [{ ...open, profiles }];
    })
    .toSorted(
      (left, right) =>
        right.cutting.parts.length - left.cutting.parts.length || compareDevices(left.card, right.card),
    );
}

/** What it would get of what is free and of `cuts`, within its quota; undefined when that is not enough. */
function served(
  { demand, quotaLeft, input, free }: Attempt,
  removed: readonly IdleSlice[],
  cuts: readonly CuttableSlice[],
): readonly Device[] | undefined {
  const there = free.filter((device) => removed.every(({ slice }) => slice !== device));
  const possible = cuts.map(({ device }) => device).toSorted(bySize);
  // As little as can be is cut; where the quota has no room for that, the smallest devices are taken, on some one board.
  const smallest = [...there, ...possible].toSorted(bySize);
  const boards = demand.sameBoard === "required" ? groupBy(smallest, physicalUuid).values() : [];
  for (const order of [[...there, ...possible], smallest, ...boards]) {
    const devices = chooseDevices({
      demand,
      free: order,
      wanted: order.map(({ uuid }) => uuid),
      inventory: { devices: input.devices, usage: new Map() },
      leases: input.leases,
      strategy: "bestFitMig",
    });
    const cost = devices?.reduce((sum, { gpuEquivalents }) => sum + gpuEquivalents, 0) ?? Infinity;
    if (devices !== undefined && (quotaLeft === null || fitsWithin(cost, quotaLeft))) return devices;
  }
  return undefined;
}

/** The first cut on the way to all it needs once `removed` are gone; undefined when there is no such way. */
function firstCut(attempt: Attempt, removed: readonly IdleSlice[]): CuttableSlice | undefined {
  const cuts = attempt.cards.flatMap(({ card, cutting, profiles }) => {
    const open = {
      card,
      cutting: without(
        cutting,
        removed.filter(({ own }) => own.cardUuid === card.uuid),
      ),
    };
    return fillCard(open, profiles, { most: attempt.demand.count, devices: attempt.input.devices });
  });
  const devices = served(attempt, removed, cuts);
  return cuts.find(({ device }) => devices?.includes(device) === true);
}

/** Idle slices of ds01's own that have to go; a few of one card where that is enough. Undefined when nothing helps. */
function toRemove(attempt: Attempt): readonly IdleSlice[] | undefined {
  const isEnough = (set: readonly IdleSlice[]): boolean => firstCut(attempt, set) !== undefined;
  const idle = attempt.cards.map(({ card }) => idleSlicesOf(card, attempt.input));
  if (!isEnough(idle.flat())) return undefined;
  for (const ofCard of idle) {
    const found = smallestSet(ofCard, isEnough);
    if (found !== undefined) return found;
  }
  return idle.flat().reduce<readonly IdleSlice[]>((set, one) => {
    const fewer = set.filter((other) => other !== one);
    return isEnough(fewer) ? fewer : set;
  }, idle.flat());
}

function idleSlicesOf(card: Device, { devices, leases, own, kept = [] }: RecutInput): readonly IdleSlice[] {
  const isHeld = (slice: Device): boolean =>
    leases.some(({ deviceUuid }) => deviceUuid === slice.uuid) || kept.some((one) => overlap(one, slice));
  return devices.flatMap((slice) => {
    const { parentUuid, healthy, cordon } = slice;
    if (parentUuid !== card.uuid || !healthy || cordon !== undefined || isHeld(slice)) return [];
    const recorded = ownSliceOf(slice, own);
    return recorded === undefined ? [] : [{ slice, own: recorded }];
  });
}

function bySize(left: Device, right: Device): number {
  return left.gpuEquivalents - right.gpuEquivalents || left.memoryBytes - right.memoryBytes;
}

function without(cutting: CutCard, set: readonly IdleSlice[]): CutCard {
  const taken = new Set(set.map(({ own }) => formatPlacement(own.placement)));
  return {
    ...cutting,
    parts: cutting.parts.filter(({ placement }) => !taken.has(formatPlacement(placement))),
  };
}

/** The first of the smallest sets that will do; a card has seven slices at most. */
function smallestSet<T>(
  items: readonly T[],
  isEnough: (set: readonly T[]) => boolean,
): readonly T[] | undefined {
  const sets = items.reduce<readonly (readonly T[])[]>(
    (all, item) => [...all, ...all.map((set) => [...set, item])],
    [[]],
  );
  return sets
    .toSorted((left, right) => left.length - right.length)
    .find((set) => set.length > 0 && isEnough(set));
}
