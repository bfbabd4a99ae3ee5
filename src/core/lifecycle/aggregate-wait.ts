import { fact, type Fact } from "./fact.ts";
import type { FactType } from "./fact-types.ts";
import type { Situation } from "./situation.ts";

/** Nothing tells when the cgroup can be made, and to try costs next to nothing. */
const lookMs = 5000;

/** Nothing is started outside of the limits of all containers together; null when they stand. */
export function aggregateWait({ world, now }: Situation, type: FactType = "waiting"): Fact | null {
  const problem = world.aggregate?.problem ?? null;
  return problem === null ? null : fact(type, problem.reason, problem.message, now + lookMs);
}
