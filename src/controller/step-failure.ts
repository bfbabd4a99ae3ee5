import type { StepFailure } from "../core/lifecycle/memory.ts";
import { stepDelayMs } from "../core/lifecycle/put-off.ts";
import type { Step } from "../core/plan/step.ts";
import type { ContainerRecord } from "../core/record.ts";
import { stepBackoff } from "../util/backoff.ts";
import {
  Ds01Error,
  messageOf,
  NotFoundError,
  StalledError,
  UnreachableError,
  WaitingError,
} from "../util/errors.ts";

/** What no change on the host can mend: only another spec or image. */
const neverMends: ReadonlySet<string> = new Set([
  "CommandNotFound",
  "PermissionDenied",
  "InvalidReference",
  "InvalidConfiguration",
]);

/** The container is made anew for the next try, and the engine may offer another way of passing GPUs in by then. */
const mayGoAnotherWay: ReadonlySet<string> = new Set(["NoNvidiaRuntime", "CdiDeviceMissing", "CdiDisabled"]);

/** What the steps themselves say when the world is not as it was decided on: the next look decides anew. */
const worldMovedOn: ReadonlySet<string> = new Set(["DevicesTaken", "NameTaken", "BuildEnded"]);

/** What to remember of a failed step. */
export interface FailedStep {
  /** null: nothing (the engine was away, or the world moved on; the next look decides). */
  readonly memory: StepFailure | null;
  /** True when it is certain that a create made nothing. */
  readonly settlesCreate: boolean;
}

/** Sorts an error of a step into: the owner must act, retry later, or the engine is away. */
export function failureOf(record: ContainerRecord, step: Step, error: unknown, now: number): FailedStep {
  if (error instanceof UnreachableError) return { memory: null, settlesCreate: false };
  if (error instanceof NotFoundError || (error instanceof WaitingError && worldMovedOn.has(error.reason))) {
    return { memory: null, settlesCreate: true };
  }
  const before = record.memory.failure;
  const attempts =
    before?.step === step.do && before.generation === record.generation ? before.attempts + 1 : 1;
  const stalled = error instanceof StalledError;
  const reason = error instanceof Ds01Error ? error.reason : "EngineError";
  const remedy = error instanceof Ds01Error && error.remedy !== undefined ? `: ${error.remedy}` : "";
  // A stalled step is mostly looked at again after the longest time only.
  const waitsLong = stalled && !mayGoAnotherWay.has(reason);
  const delayMs = waitsLong ? stepBackoff.maximumMs : stepDelayMs(attempts);
  return {
    settlesCreate: true,
    memory: {
      generation: record.generation,
      step: step.do,
      ...(step.do === "build" ? { subject: step.image } : {}),
      reason,
      message: `${messageOf(error)}${remedy}`,
      stalled,
      attempts,
      nextAt: neverMends.has(reason) ? Number.MAX_SAFE_INTEGER : now + delayMs,
    },
  };
}
