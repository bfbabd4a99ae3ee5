import type { ConditionInput } from "./conditions.ts";
import type { Announcement } from "./decision.ts";
import type { Situation } from "./lifecycle/situation.ts";

const reason = "ExtraContainer";

/** That there are containers with its labels which stand for nothing of it: they are left alone, so somebody is told. */
export function extrasCondition(situation: Situation): readonly ConditionInput[] {
  if (situation.roles.extras.length === 0) return [];
  return [{ type: "ExtraContainers", status: true, reason, message: describeExtras(situation) }];
}

/** The same as an event, once for each. */
export function announceExtras(situation: Situation): readonly Announcement[] {
  const { extras = [] } = situation.memory;
  if (situation.roles.extras.every(({ id }) => extras.includes(id))) return [];
  return [{ type: "Warning", reason, message: describeExtras(situation) }];
}

function describeExtras({ roles: { extras } }: Situation): string {
  const names = extras.map(({ name, state }) => `${name} (${state})`).join(" and ");
  return `${names} has its labels too and is left alone: look whether it is still needed, and remove it with docker rm`;
}
