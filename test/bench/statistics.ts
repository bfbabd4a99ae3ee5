/** One pair of measurements of one round, in the same unit. */
export interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

/** The value with as many others below it as above it. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values lies, interpolated; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Median of the ratios of each pair: what both sides had to bear from neighbours in a round cancels out. */
export function medianRatio(pairs: readonly Pair[]): number {
  return median(pairs.map(({ ours, theirs }) => ours / theirs));
}
