/** Sums of sevenths are not exact; a thousandth of a slice decides nothing. */
const tolerance = 1e-6;

/** Cards whose compute is cut into fewer slices than the usual seven. */
const fewerSlices: readonly { readonly model: RegExp; readonly slices: number }[] = [
  { model: /\bA30\b/i, slices: 4 },
  { model: /\bRTX PRO 6000\b/i, slices: 4 },
];

/** Compute slices of a MIG profile: 2 for `2g.20gb`, 1 for `1c.3g.71gb`; undefined when it is not a profile. */
function computeSlices(profile: string): number | undefined {
  const match = /^(?:(\d+)c\.)?(\d+)g\./.exec(profile);
  if (match === null) return undefined;
  return Number(match[1] ?? match[2]);
}

/** Compute slices of the whole card: 7, or 4 for an A30. */
function cardSlices(model: string): number {
  return fewerSlices.find((card) => card.model.test(model))?.slices ?? 7;
}

/** GPU-equivalents of one device of a model: 1 for the whole GPU, 0.286 for a 2g slice of seven. */
export function gpuEquivalentsOf(profile: string | null, model: string): number {
  if (profile === null) return 1;
  return (computeSlices(profile) ?? cardSlices(model)) / cardSlices(model);
}

/** True when `wanted` GPU-equivalents are no more than `allowed`, rounding of sums aside. */
export function fitsWithin(wanted: number, allowed: number): boolean {
  return wanted <= allowed + tolerance;
}

/** GPU-equivalents for people: at most three decimals, `0.286`, `1`. */
export function formatGpuEquivalents(amount: number): string {
  return String(Number(amount.toFixed(3)));
}
