import type { Condition } from "../api/meta.ts";
import { formatTime } from "./format-time.ts";

/** A condition before it is compared with the last one. */
export interface ConditionInput {
  readonly type: string;
  readonly status: boolean | null;
  readonly reason: string;
  readonly message: string;
}

/** Conditions in order; `lastTransitionTime` moves only where `status` differs from before. */
export function updateConditions(
  previous: readonly Condition[],
  inputs: readonly ConditionInput[],
  at: { readonly generation: number; readonly now: number },
): Condition[] {
  return inputs.map((input) => {
    const status = input.status === null ? "Unknown" : input.status ? "True" : "False";
    const before = previous.find((condition) => condition.type === input.type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : formatTime(at.now);
    return {
      type: input.type,
      status,
      reason: input.reason,
      message: input.message,
      lastTransitionTime,
      observedGeneration: at.generation,
    };
  });
}
