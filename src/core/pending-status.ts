import type { ContainerStatus } from "../api/container.ts";
import type { ConditionInput } from "./conditions.ts";
import { isMemoryInUse } from "./lifecycle/limits-action.ts";
import type { Situation } from "./lifecycle/situation.ts";
import { renderDrift } from "./plan/drift.ts";
import { pendingLimits } from "./plan/pending-limits.ts";

const condition = { type: "LimitsInEffect", status: false, reason: "AppliesAtNextStart" } as const;

/** That limits are not in effect yet, which, and when they will be; nothing when all are. */
export function limitsCondition(situation: Situation): readonly ConditionInput[] {
  const { limitsAction, memory, world } = situation;
  const pending = pendingLimits(situation);
  if (pending.length === 0) {
    if (limitsAction?.type !== "leave") return [];
    return [{ ...condition, message: `${limitsAction.cause}; applies at the next start` }];
  }
  const why = limitsAction?.heldMemory === true && isMemoryInUse(memory.failure) ? memory.failure : null;
  const sooner = why !== null || world.aggregate?.held != null;
  const when = sooner ? "; memory is lowered at the next start, or as soon as less is in use" : "";
  const message = `${renderDrift(pending)}; applies at the next start${when}`;
  return [{ ...condition, message: why === null ? message : `${message} (${why.message})` }];
}

/** The same for scripts. */
export function pendingFields(situation: Situation): Pick<ContainerStatus, "pendingLimits"> {
  const pending = pendingLimits(situation);
  if (pending.length === 0) return {};
  return {
    pendingLimits: pending.map(({ field, found, wanted }) => ({ name: field, value: found, wanted })),
  };
}
