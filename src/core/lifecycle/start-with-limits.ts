import { isAdopted } from "../adoption/adoption.ts";
import { renderDrift } from "../plan/drift.ts";
import { limitsOfNextStart } from "../plan/pending-limits.ts";
import { fact, type Fact } from "./fact.ts";
import { isRolledBack, type Situation } from "./situation.ts";

/**
 * What is due to be started again and cannot be given its limits gets a new container that has them. While none can
 * be made, it starts as it is: a quota keeps nobody from running on.
 */
export function startWithLimits(situation: Situation, due: Fact): Fact {
  const { world, spec, roles } = situation;
  if (due.type !== "restart.due" || isRolledBack(situation)) return due;
  // Its files are its own: nobody has said yet that it may be made anew.
  if (roles.primary !== null && isAdopted(roles.primary)) return due;
  const missing = limitsOfNextStart(situation);
  const canBeMade = world.image.type === "present" && (spec.gpus === undefined || world.gpuStackReady);
  if (missing.length === 0 || !canBeMade) return due;
  return fact("configuration.outdated", "LimitsChanged", `${due.message}; limits: ${renderDrift(missing)}`);
}
