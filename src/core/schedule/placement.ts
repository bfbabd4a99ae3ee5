/** The memory slices of its card that a MIG slice covers: `size` of them from `start` on. */
export interface Placement {
  readonly start: number;
  readonly size: number;
}

/** As nvidia-smi writes it: `4:2`. */
export function formatPlacement({ start, size }: Placement): string {
  return `${start}:${size}`;
}

/** True when both cover some memory slice of one card. */
export function coversSame(left: Placement, right: Placement): boolean {
  return left.start < right.start + right.size && right.start < left.start + left.size;
}

/** Reads `4:2`; undefined when it is not a placement. */
export function parsePlacement(text: string): Placement | undefined {
  const match = /^(\d+):([1-9]\d*)$/.exec(text);
  return match === null ? undefined : { start: Number(match[1]), size: Number(match[2]) };
}
