import type { Device } from "./device.ts";
import { linkBetween, linkScore } from "./device-links.ts";

/** Rates sets of devices, given as places in the list it was made for; of two, the one greater at the first difference wins. */
export type SetScore = (set: readonly number[]) => readonly number[];

/**
 * Rates a set by what joins its GPUs, then by how little it tears from the free ones left over, then by what joins
 * those. For a single GPU that is the least connected one. Unknown ways count nothing.
 */
export function linkScoreOf(free: readonly Device[]): SetScore {
  const scores = free.map((left) =>
    free.map((right) => {
      const link = left === right ? null : linkBetween(left, right);
      return link === null ? 0 : linkScore(link);
    }),
  );
  const outward = scores.map((row) => row.reduce((sum, score) => sum + score, 0));
  const total = outward.reduce((sum, score) => sum + score, 0) / 2;
  return (set) => {
    let inside = 0;
    let touching = 0;
    for (let index = 0; index < set.length; index += 1) {
      const place = set[index] ?? -1;
      touching += outward[place] ?? 0;
      const row = scores[place] ?? [];
      for (let before = 0; before < index; before += 1) inside += row[set[before] ?? -1] ?? 0;
    }
    const cut = touching - 2 * inside;
    return [inside, -cut, total - inside - cut];
  };
}
