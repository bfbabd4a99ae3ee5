import { fact, type Fact } from "./fact.ts";
import { hasMoreNow } from "./job-end.ts";
import type { StopCause } from "./memory.ts";
import { restartRequest } from "./restart-request.ts";
import type { Situation } from "./situation.ts";

/** What it means that a container runs again after ds01 had stopped it. */
const afterStop: Readonly<Partial<Record<StopCause, readonly [reason: string, message: string]>>> = {
  SpecStopped: ["SpecRunning", "spec.desiredState is Running again"],
  StartedAgain: ["SpecRunning", "started again by hand after it was idle"],
  EmergencyStop: ["EmergencyOver", "started again after an emergency stop"],
  Preempted: ["PreemptionOver", "started again after it gave way"],
  GpuAccessLost: ["GpuAccessLost", "started again to open its GPUs"],
  RestartRequested: ["RestartRequested", "started again, as was asked for"],
};

/** At the last decision it was stopped whatever its file says. */
function overrideOver({ world }: Situation): readonly [reason: string, message: string] | null {
  const isOver = world.record.status.override !== undefined && world.stopOverride == null;
  return isOver ? ["SpecRunning", "its override is over: what Git says holds again"] : null;
}

/** Why a container is started again at once; null where its own end is all there is. */
export function resumption(situation: Situation): Fact | null {
  const { stopCause } = situation.memory;
  const again = stopCause === null ? undefined : afterStop[stopCause];
  if (again !== undefined) return fact("restart.due", ...(overrideOver(situation) ?? again));
  const request = restartRequest(situation);
  if (request !== null) return fact("restart.due", "RestartRequested", request.message);
  return hasMoreNow(situation)
    ? fact("restart.due", "SpecChanged", "its run fell short, and it may use something else now")
    : null;
}
