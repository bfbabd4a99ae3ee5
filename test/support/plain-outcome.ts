import type { ScheduleOutcome } from "../../src/core/schedule/outcome.ts";

/** An outcome with the sentences that are else made when they are asked for, to be copied or compared. */
export function plainOutcome(outcome: ScheduleOutcome): ScheduleOutcome {
  if (outcome.type === "assigned") return outcome;
  const { message, blockers, verdicts, hint } = outcome;
  return { ...outcome, message, blockers, verdicts, hint };
}
