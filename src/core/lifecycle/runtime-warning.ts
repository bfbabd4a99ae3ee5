import { formatTime } from "../format-time.ts";
import type { ConditionInput } from "../conditions.ts";
import type { Announcement } from "../decision.ts";
import { formatDuration } from "../../util/duration.ts";
import { deadlineOf, type Situation } from "./situation.ts";

/** The warning comes a tenth of maxRuntime before its end, at most so long. */
const longestLeadMs = 15 * 60_000;
const reason = "MaxRuntimeSoon";

/** When it is warned that maxRuntime ends; null where it never does. */
export function warningAt(situation: Situation): number | null {
  const deadline = deadlineOf(situation);
  const { maxRuntimeMs } = situation.memory;
  return deadline === null || maxRuntimeMs === null
    ? null
    : deadline - Math.min(longestLeadMs, maxRuntimeMs / 10);
}

/** The condition while the end is near. */
export function runtimeCondition(situation: Situation): readonly ConditionInput[] {
  const message = warningOf(situation);
  return message === null ? [] : [{ type: reason, status: true, reason, message }];
}

/** Warns once for each run. */
export function announceRuntimeEnd(situation: Situation): readonly Announcement[] {
  const message = warningOf(situation);
  if (message === null) return [];
  const { conditions } = situation.world.record.status;
  const isTold = conditions.some((condition) => condition.type === reason && condition.message === message);
  return isTold ? [] : [{ type: "Warning", reason, message }];
}

function warningOf(situation: Situation): string | null {
  const [from, deadline] = [warningAt(situation), deadlineOf(situation)];
  if (from === null || deadline === null || situation.now < from || situation.now >= deadline) return null;
  const { maxRuntimeMs } = situation.memory;
  const { origin } = situation.limits.maxRuntimeMs;
  const where = origin.place === null ? "" : ` (${origin.place})`;
  return `is stopped at ${formatTime(deadline)}, when its maxRuntime of ${formatDuration(maxRuntimeMs ?? 0)}${where} is used up: save what you need`;
}
