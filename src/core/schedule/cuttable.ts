import { groupBy } from "../../util/group-by.ts";
import { parseBytes } from "../../util/quantity.ts";
import { gpuEquivalentsOf } from "../quota/gpu-equivalents.ts";
import { mismatch } from "./allocate.ts";
import { hasCapability } from "./compute-capability.ts";
import { type CutCard, type CutPart, type CutProfile, cutsInOrder } from "./cut.ts";
import type { Device } from "./device.ts";
import { physicalUuid } from "./device-order.ts";
import { coversSame, type Placement } from "./placement.ts";
import type { DeviceRequirement } from "./requirement.ts";

/** Drivers keep up to a ninth of a slice for themselves: less than this share of its name's gigabytes none has. */
const leastOfNominal = 0.85;

/** A card in MIG mode that ds01 may cut. */
export interface OpenCard {
  readonly card: Device;
  readonly cutting: CutCard;
}

/** A slice that is not there yet, as it would be, and how it is made. */
export interface CuttableSlice extends Cut {
  readonly device: Device;
  readonly card: Device;
}

interface Cut {
  readonly profile: CutProfile;
  readonly placement: Placement;
}

/** The card as one that ds01 may cut; undefined when it is none. */
export function openCardOf(card: Device): OpenCard | undefined {
  return card.cutting?.byDs01 === true ? { card, cutting: card.cutting } : undefined;
}

/**
 * The profiles of which a slice of the card would do by itself, the smallest first; where one has every place of
 * another and takes no more, the other is left out.
 */
export function fittingProfiles(
  required: DeviceRequirement,
  { card, cutting }: OpenCard,
  devices: readonly Device[],
): readonly CutProfile[] {
  const fitting = cutting.profiles
    .map((profile) => ({ profile, slice: sliceOf(card, profile, devices) }))
    .filter(
      ({ slice }) =>
        mismatch(required, slice) === undefined &&
        hasCapability(slice, required.minComputeCapability) === true,
    )
    .toSorted(
      (left, right) =>
        left.slice.gpuEquivalents - right.slice.gpuEquivalents ||
        left.slice.memoryBytes - right.slice.memoryBytes ||
        // Media engines and the like are few on a card.
        left.profile.name.length - right.profile.name.length ||
        left.profile.id - right.profile.id,
    )
    .map(({ profile }) => profile);
  return fitting.filter(
    (profile, place) => !fitting.slice(0, place).some((other) => replaces(other, profile)),
  );
}

/** Slices for a request that the card could be cut into beside its parts: as many as there is room for, up to `most`. */
export function fillCard(
  { card, cutting }: OpenCard,
  profiles: readonly CutProfile[],
  { most, devices }: { readonly most: number; readonly devices: readonly Device[] },
): readonly CuttableSlice[] {
  return fullest(cutting, profiles, most).map((cut) => cuttableSlice(card, cut, devices));
}

function cuttableSlice(card: Device, cut: Cut, devices: readonly Device[]): CuttableSlice {
  const { profile, placement } = cut;
  const uuid = `${card.uuid}/${profile.name}/${placement.start}`;
  return { ...cut, card, device: { ...sliceOf(card, profile, devices), uuid, placement } };
}

/** The slices that cards could be cut into by ds01 for a request, whatever is cut now: for what can ever be. */
export function cuttableSlices(required: DeviceRequirement, devices: readonly Device[]): readonly Device[] {
  return devices.flatMap((device) => {
    const open = openCardOf(device);
    if (open === undefined) return [];
    const fitting = fittingProfiles(required, open, devices);
    return cutsOfEmpty(open.cutting.profiles, fitting).map(
      (cut) => cuttableSlice(device, cut, devices).device,
    );
  });
}

/** The same cards are asked about at every look, and by everybody who waits. */
const knownCuts = new WeakMap<readonly CutProfile[], Map<string, readonly Cut[]>>();

/** The most cuts that an empty card has room for. */
function cutsOfEmpty(profiles: readonly CutProfile[], fitting: readonly CutProfile[]): readonly Cut[] {
  const known = knownCuts.get(profiles) ?? new Map<string, readonly Cut[]>();
  knownCuts.set(profiles, known);
  const key = fitting.map(({ name }) => name).join();
  const cuts = known.get(key) ?? fullest({ profiles, parts: [] }, fitting, Infinity);
  known.set(key, cuts);
  return cuts;
}

/** The devices that are right by themselves, and of a card that ds01 may cut what could be there, where that is more. */
export function possibleDevices(
  required: DeviceRequirement,
  devices: readonly Device[],
  slices = cuttableSlices(required, devices),
): readonly Device[] {
  const there = devices.filter((device) => mismatch(required, device) === undefined);
  const cuttable = groupBy(slices, physicalUuid);
  if (cuttable.size === 0) return there;
  const byCard = groupBy(there, physicalUuid);
  return [...new Set([...byCard.keys(), ...cuttable.keys()])].flatMap((card) => {
    const [present, possible] = [byCard.get(card) ?? [], cuttable.get(card) ?? []];
    return possible.length > present.length ? possible : present;
  });
}

/**
 * What a slice of the card would be. Its memory is that of slices like it, else what the driver announces, else the
 * least that its name stands for: a slice that turns out too small would be cut in vain.
 */
function sliceOf(card: Device, profile: CutProfile, devices: readonly Device[]): Device {
  const { placement: _placement, cutting: _cutting, ...whole } = card;
  const alike = devices.find(
    ({ model, profile: name, memoryBytes }) =>
      model === card.model && name === profile.name && memoryBytes > 0,
  );
  const nominal = parseBytes(`${/(\d+)gb/.exec(profile.name)?.[1] ?? "0"}Gi`) ?? 0;
  return {
    ...whole,
    profile: profile.name,
    parentUuid: card.uuid,
    migEnabled: false,
    memoryBytes: alike?.memoryBytes ?? profile.memoryBytes ?? Math.floor(nominal * leastOfNominal),
    gpuEquivalents: gpuEquivalentsOf(profile.name, card.model),
  };
}

/** True when wherever the other profile has a place this one has it too, and never runs out before. */
function replaces(one: CutProfile, other: CutProfile): boolean {
  return (
    one.size <= other.size &&
    one.most >= one.starts.length &&
    other.starts.every((start) => one.starts.includes(start))
  );
}

/** The most cuts that go together, up to `most`; the smallest profiles at the best places are tried first. */
function fullest(cutting: CutCard, profiles: readonly CutProfile[], most: number): readonly Cut[] {
  let best: readonly Cut[] = [];
  const seen = new Set<string>();
  const visit = (parts: readonly CutPart[], made: readonly Cut[]): boolean => {
    if (made.length > best.length) best = made;
    if (made.length >= most) return true;
    if (made.length + atMostMore(parts, profiles) <= best.length) return false;
    const state = parts
      .map(({ profile, placement }) => `${profile}@${placement.start}`)
      .toSorted()
      .join();
    if (seen.has(state)) return false;
    seen.add(state);
    return profiles.some((profile) =>
      cutsInOrder({ ...cutting, parts }, profile.name).some((placement) =>
        visit([...parts, { profile: profile.name, placement }], [...made, { profile, placement }]),
      ),
    );
  };
  visit(cutting.parts, []);
  return best;
}

/** By the memory slices that are left for any of the profiles; no placement does better. */
function atMostMore(parts: readonly CutPart[], profiles: readonly CutProfile[]): number {
  const open = new Set<number>();
  for (const { starts, size } of profiles) {
    for (const start of starts) {
      for (let slice = start; slice < start + size; slice += 1) {
        if (!parts.some(({ placement }) => coversSame(placement, { start: slice, size: 1 }))) open.add(slice);
      }
    }
  }
  return Math.floor(open.size / Math.min(...profiles.map(({ size }) => size)));
}
