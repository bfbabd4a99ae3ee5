import { coversSame, type Placement } from "./placement.ts";

/** A profile that a card can be cut into, as nvidia-smi lists it. */
export interface CutProfile {
  readonly name: string;
  /** What `nvidia-smi mig -cgi` takes. */
  readonly id: number;
  /** Memory slices it covers, and those it may start at. */
  readonly size: number;
  readonly starts: readonly number[];
  /** How many of it the card can have at most, also when there is room for more. */
  readonly most: number;
  /** Memory of such a slice; absent where nobody tells. */
  readonly memoryBytes?: number;
}

/** A part of a card that is made already. */
export interface CutPart {
  readonly profile: string;
  readonly placement: Placement;
}

/** A card in MIG mode: what it can be cut into, and what is cut already, in use or not. */
export interface CutCard {
  readonly profiles: readonly CutProfile[];
  readonly parts: readonly CutPart[];
  /** True when the configuration lets ds01 cut it. */
  readonly byDs01?: boolean;
}

/** Where there is room for one more of the profile; empty where there is none. */
export function freeStarts(card: CutCard, profile: CutProfile): readonly number[] {
  const made = card.parts.filter((part) => part.profile === profile.name).length;
  if (made >= profile.most) return [];
  return profile.starts.filter((start) =>
    card.parts.every(({ placement }) => !coversSame(placement, { start, size: profile.size })),
  );
}

/** Where to cut one more of the profile so that the most is left for others; null where there is no room. */
export function bestCut(card: CutCard, name: string): Placement | null {
  return cutsInOrder(card, name)[0] ?? null;
}

/**
 * Every place for one more of the profile, that which leaves most to others first: first the largest profile that still
 * has room, then all that still have, then the longest free run, then the highest start.
 */
export function cutsInOrder(card: CutCard, name: string): readonly Placement[] {
  const profile = card.profiles.find((one) => one.name === name);
  if (profile === undefined) return [];
  return freeStarts(card, profile)
    .map((start) => {
      const placement = { start, size: profile.size };
      return {
        placement,
        rating: [...rate({ ...card, parts: [...card.parts, { profile: name, placement }] }), start],
      };
    })
    .toSorted((left, right) => compareRatings(right.rating, left.rating))
    .map(({ placement }) => placement);
}

function rate(card: CutCard): readonly number[] {
  const rooms = card.profiles.map((profile) => ({
    compute: computeSlices(profile.name),
    places: freeStarts(card, profile).length,
  }));
  const largest = Math.max(0, ...rooms.map(({ compute, places }) => (places > 0 ? compute : 0)));
  const all = rooms.reduce((sum, { compute, places }) => sum + compute * places, 0);
  return [largest, all, longestRun(card)];
}

function longestRun({ profiles, parts }: CutCard): number {
  const end = Math.max(0, ...profiles.flatMap(({ starts, size }) => starts.map((start) => start + size)));
  let [run, longest] = [0, 0];
  for (let slice = 0; slice < end; slice += 1) {
    const isFree = parts.every(({ placement }) => !coversSame(placement, { start: slice, size: 1 }));
    run = isFree ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function computeSlices(name: string): number {
  return Number(/^(\d+)g/.exec(name)?.[1] ?? 0);
}

function compareRatings(left: readonly number[], right: readonly number[]): number {
  const place = left.findIndex((value, at) => value !== right[at]);
  return place < 0 ? 0 : (left[place] ?? 0) - (right[place] ?? 0);
}
