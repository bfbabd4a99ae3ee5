import type { PlannedOperation } from "./operation.ts";
import { simulate } from "./simulate.ts";

/**
 * Fewer operations that still end in a violation of the same rule: halves are left out first, then less and less, as
 * long as that goes.
 */
export async function shrink(
  seed: number,
  rule: string,
  from: readonly PlannedOperation[],
  play: typeof simulate = simulate,
): Promise<readonly PlannedOperation[]> {
  let kept = from;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      const { violation } = await play(seed, { operations: fewer });
      if (violation?.rule === rule) kept = fewer;
      else start += size;
    }
  }
  return kept;
}
