import { finishedRemoveAt } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import type { Fact } from "./fact.ts";
import { whyNotToRun } from "./held-start.ts";
import { unwantedRemoveAt } from "./observe-unwanted.ts";
import type { Situation } from "./situation.ts";

/** When a container that rests as the fact says is removed, in milliseconds since the epoch; null: never. */
export function restingRemoval(
  situation: Situation,
  container: ObservedContainer,
  fact: Fact,
): number | null {
  const { limits } = situation;
  if (fact.type.startsWith("job.")) return finishedRemoveAt(container, limits) ?? null;
  return unwantedRemoveAt(container, limits, whyNotToRun(situation)?.reason);
}
