import leven from "leven";

/** The candidate closest to what was written, if it is close enough to be what was meant. */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = slipsBetween(written.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Slips of the keys between two words; swapped neighbours (`nmae`) are one slip, not two. */
export function slipsBetween(one: string, other: string): number {
  const sameLetters = lettersOf(one) === lettersOf(other);
  return sameLetters && one !== other ? leven(one, other) / 2 : leven(one, other);
}

function lettersOf(word: string): string {
  return word.split("").toSorted().join("");
}
