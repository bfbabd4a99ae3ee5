import type { Announcement } from "./decision.ts";
import { describeAccessLoss, describeAccessRemedy, permanentFix } from "./gpu-access.ts";
import type { Fact } from "./lifecycle/fact.ts";
import type { Situation } from "./lifecycle/situation.ts";

/** The condition that stands while a container cannot open its GPUs. */
export const accessCondition = "GpuAccess";

/** Told once when GPUs are lost to a container, and once when it has them again. */
export function announceAccess({ world, access, now }: Situation, fact: Fact): readonly Announcement[] {
  const before = world.record.status.conditions.some(({ type }) => type === accessCondition);
  if (access !== null && !before) {
    const message = `${describeAccessLoss(access.loss)}; ${describeAccessRemedy(access, now)}. For good: ${permanentFix}`;
    return [{ type: "Warning", reason: "GpuAccessLost", message }];
  }
  if (access === null && before && fact.type === "container.running") {
    return [{ type: "Normal", reason: "GpuAccessRestored", message: "it can open its GPUs again" }];
  }
  return [];
}
