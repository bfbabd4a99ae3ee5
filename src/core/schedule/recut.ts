import { parseBytes } from "../../util/quantity.ts";
import { gpuEquivalentsOf } from "../quota/gpu-equivalents.ts";
import { mismatch } from "./allocate.ts";
import { bestCut, type CutCard, type CutProfile } from "./cut.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import type { Lease } from "./lease.ts";
import { formatPlacement, type Placement } from "./placement.ts";
import type { DeviceRequirement } from "./requirement.ts";

/** A slice that ds01 cut itself, as it was recorded when that was done. */
export interface OwnSlice {
  readonly cardUuid: string;
  readonly gpuInstance: number;
  readonly profile: string;
  readonly placement: Placement;
}

/** A request for slices that waits for devices, in the order of the queue. */
export interface WantedSlices {
  readonly holder: string;
  readonly count: number;
  readonly required: DeviceRequirement;
}

export interface RecutInput {
  readonly wanted: readonly WantedSlices[];
  readonly devices: readonly Device[];
  readonly leases: readonly Lease[];
  readonly own: readonly OwnSlice[];
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
 * The next single change of the cards that helps the first request it can help: a slice where it leaves most to others,
 * else the removal of an idle slice of ds01's own that is in its way. Null when nothing can or need be done.
 */
export function nextRecut(input: RecutInput): Recut | null {
  for (const wanted of input.wanted) {
    const recut = recutFor(wanted, input);
    if (recut !== null) return recut;
  }
  return null;
}

/** The slices that cards could be cut into by ds01 for a request, whatever is cut now: for what can ever be. */
export function cuttableSlices(
  { profile }: DeviceRequirement,
  devices: readonly Device[],
): readonly Device[] {
  if (profile === null) return [];
  return devices.flatMap((card) => {
    const cut = card.cutting?.profiles.find(({ name }) => name === profile);
    if (card.cutting?.byDs01 !== true || cut === undefined) return [];
    return Array.from({ length: cut.most }, (_, index) => ({
      ...sliceOf(card, profile),
      uuid: `${card.uuid}/${profile}/${index}`,
    }));
  });
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

function recutFor({ holder, count, required }: WantedSlices, input: RecutInput): Recut | null {
  const { profile: name } = required;
  if (name === null) return null;
  const isFree = ({ uuid, healthy, cordon }: Device): boolean =>
    healthy && cordon === undefined && input.leases.every(({ deviceUuid }) => deviceUuid !== uuid);
  const free = input.devices.filter((device) => mismatch(required, device) === undefined && isFree(device));
  // Something else than the number of slices keeps it waiting.
  if (free.length >= count) return null;
  const cause = `${holder} waits for ${count} slice${count === 1 ? "" : "s"} ${name}`;
  const cards = cardsFor(required, input);
  for (const { card, cutting, profile } of cards) {
    const placement = bestCut(cutting, name);
    if (placement !== null) return { do: "create", card, profile, placement, cause };
  }
  for (const { card, cutting } of cards) {
    const idle = input.devices.flatMap((slice) => {
      const own = slice.parentUuid === card.uuid && isFree(slice) ? ownSliceOf(slice, input.own) : undefined;
      return own === undefined || slice.profile === name ? [] : [{ slice, own }];
    });
    const [first] = smallestSet(idle, (set) => bestCut(without(cutting, set), name) !== null) ?? [];
    if (first !== undefined) return { do: "destroy", ...first, cause };
  }
  return null;
}

interface OpenCard {
  readonly card: Device;
  readonly cutting: CutCard;
  readonly profile: CutProfile;
}

/** Cards that ds01 may cut for the request, those cut already first: whole ones stay open for large profiles. */
function cardsFor(required: DeviceRequirement, { devices, leases }: RecutInput): readonly OpenCard[] {
  return devices
    .flatMap((card): readonly OpenCard[] => {
      const { cutting, healthy, cordon } = card;
      const profile = cutting?.profiles.find(({ name }) => name === required.profile);
      if (cutting?.byDs01 !== true || profile === undefined || !healthy || cordon !== undefined) return [];
      // Somebody may still use what was cut away under them.
      const isOnCard = ({ uuid, parentUuid }: Device): boolean =>
        uuid === card.uuid || parentUuid === card.uuid;
      const isUnsettled = leases.some(
        ({ deviceUuid, gone }) =>
          gone !== undefined && devices.some((device) => device.uuid === deviceUuid && isOnCard(device)),
      );
      const slice = sliceOf(card, profile.name);
      return isUnsettled || mismatch(required, slice) !== undefined ? [] : [{ card, cutting, profile }];
    })
    .toSorted(
      (left, right) =>
        right.cutting.parts.length - left.cutting.parts.length || compareDevices(left.card, right.card),
    );
}

/** What a slice of the card would be; its memory is told by its name until it is there. */
function sliceOf(card: Device, profile: string): Device {
  const nominal = /(\d+)gb/.exec(profile)?.[1] ?? "0";
  return {
    ...card,
    profile,
    parentUuid: card.uuid,
    migEnabled: false,
    memoryBytes: parseBytes(`${nominal}Gi`) ?? 0,
    gpuEquivalents: gpuEquivalentsOf(profile, card.model),
  };
}

function without(cutting: CutCard, set: readonly { readonly own: OwnSlice }[]): CutCard {
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
