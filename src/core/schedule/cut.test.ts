import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestCut, type CutCard, type CutProfile, freeStarts } from "./cut.ts";
import { coversSame } from "./placement.ts";

/** What `mig -lgip` and `-lgipp` tell of an A100 or H100. */
const profiles: readonly CutProfile[] = [
  { name: "1g", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7 },
  { name: "1g+me", id: 20, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 1 },
  { name: "1g.2x", id: 15, size: 2, starts: [0, 2, 4, 6], most: 4 },
  { name: "2g", id: 14, size: 2, starts: [0, 2, 4], most: 3 },
  { name: "3g", id: 9, size: 4, starts: [0, 4], most: 2 },
  { name: "4g", id: 5, size: 4, starts: [0], most: 1 },
  { name: "7g", id: 0, size: 8, starts: [0], most: 1 },
];

/** Cuts one after the other, as written: `2g@4`. */
function cutting(names: readonly string[], cut = bestCut): string {
  let card: CutCard = { profiles, parts: [] };
  const places = names.map((profile) => {
    const placement = cut(card, profile);
    if (placement === null) return `${profile}=none`;
    card = { ...card, parts: [...card.parts, { profile, placement }] };
    return `${profile}@${placement.start}`;
  });
  return places.join(" ");
}

describe("where to cut", () => {
  test.each([
    ["1g 1g 1g 1g", "1g@6 1g@5 1g@4 1g@3"],
    ["2g 1g 3g", "2g@4 1g@6 3g@0"],
    ["1g 4g 2g", "1g@6 4g@0 2g@4"],
    ["3g 4g", "3g@4 4g@0"],
    ["2g 2g 2g 1g", "2g@4 2g@2 2g@0 1g@6"],
    ["3g 1g 2g 1g", "3g@4 1g@3 2g@0 1g@2"],
    ["1g 4g", "1g@6 4g@0"],
    ["2g 4g", "2g@4 4g@0"],
    ["1g 2g 4g", "1g@6 2g@4 4g@0"],
    ["7g 1g", "7g@0 1g=none"],
    ["1g+me 1g+me", "1g+me@6 1g+me=none"],
    ["5g", "5g=none"],
  ])("%s -> %s", (names, expected) => {
    expect(cutting(names.split(" "))).toBe(expected);
  });

  test("the first place that will do strands what the best one leaves room for", () => {
    const first = (card: CutCard, name: string) => {
      const profile = profiles.find((one) => one.name === name);
      const start = profile === undefined ? undefined : freeStarts(card, profile)[0];
      return start === undefined || profile === undefined ? null : { start, size: profile.size };
    };
    for (const names of ["1g 4g", "2g 4g", "1g 2g 4g", "3g 4g"]) {
      expect(cutting(names.split(" "), first)).toContain("4g=none");
      expect(cutting(names.split(" "))).not.toContain("none");
    }
  });

  test("property: a place is found exactly when there is one, and takes nothing of what is there", () => {
    const order = fc.array(fc.constantFrom(...profiles.map(({ name }) => name)), { maxLength: 9 });
    fc.assert(
      fc.property(order, (names) => {
        let card: CutCard = { profiles, parts: [] };
        for (const name of names) {
          const placement = bestCut(card, name);
          const profile = profiles.find((one) => one.name === name);
          expect(placement !== null).toBe(profile !== undefined && freeStarts(card, profile).length > 0);
          if (placement === null) continue;
          expect(card.parts.some((part) => coversSame(part.placement, placement))).toBe(false);
          expect(profile?.starts).toContain(placement.start);
          card = { ...card, parts: [...card.parts, { profile: name, placement }] };
        }
      }),
    );
  });
});
