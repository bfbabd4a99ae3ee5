import { median } from "../bench/statistics.ts";

/** Something measured at a time, in milliseconds. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/**
 * Growth an hour: the median of the slopes between all pairs of points (Theil, 1950; Sen, 1968), which a burst or a
 * collection of garbage in between does not move. NaN of fewer than two points.
 */
export function growthPerHour(points: readonly Point[]): number {
  const slopes = points.flatMap((one, index) =>
    points.slice(index + 1).flatMap((other) => {
      const hours = (other.at - one.at) / 3_600_000;
      return hours === 0 ? [] : [(other.value - one.value) / hours];
    }),
  );
  return median(slopes);
}

/** What came in the second half of the time: the first is what caches and the compiler take to fill. */
export function secondHalf(points: readonly Point[]): readonly Point[] {
  const [from = 0, to = 0] = [points[0]?.at, points.at(-1)?.at];
  return points.filter(({ at }) => at >= from + (to - from) / 2);
}

/** A figure with what it may be. */
export interface Verdict {
  readonly name: string;
  /** As people read it. */
  readonly found: string;
  readonly bound: string;
  /** Null: there is no bound, the figure is only told. */
  readonly good: boolean | null;
}

/** The table of a report, and whether all of it is good. */
export function renderVerdicts(verdicts: readonly Verdict[]): {
  readonly text: string;
  readonly good: boolean;
} {
  const words = (good: boolean | null): string => (good === null ? "" : good ? "met" : "MISSED");
  const rows = verdicts.map(({ name, found, bound, good }) => [name, found, bound, words(good)]);
  const table = [["measured", "found", "bound", ""], ["---", "---", "---", "---"], ...rows];
  const text = table.map((row) => `| ${row.join(" | ")} |`).join("\n");
  return { text: `${text}\n`, good: verdicts.every(({ good }) => good !== false) };
}
