import { describeEmergencyStop } from "../emergency-stop.ts";
import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import type { Step } from "../plan/step.ts";
import type { World } from "../world.ts";
import { stopsToStart } from "./between-tries.ts";
import type { Fact } from "./fact.ts";
import { isFinished } from "./finished-run.ts";
import { goesOnAfter, jobEnd } from "./job-end.ts";
import { whyUnwanted, type Unwanted } from "./observe-unwanted.ts";
import type { Situation } from "./situation.ts";

const reason = "EmergencyStopsUnreadable";

/** Why it is not to run, or not to begin; null when it may. */
export function whyNotToRun(situation: Situation): Unwanted | null {
  return whyUnwanted(situation) ?? heldStart(situation);
}

/** Why what does not run is not started, whatever its spec says; null where it may be, runs, or has come to its end. */
function heldStart(situation: Situation): Unwanted | null {
  const { memory, roles, spec, world } = situation;
  const { startsHeld } = world;
  const { primary } = roles;
  if (startsHeld == null || spec.desiredState === "Stopped" || world.containers.some(isLive)) return null;
  if (isFinished(memory.finished, spec) || hasJustEnded(situation, primary)) return null;
  const because = describeEmergencyStop(startsHeld);
  return { reason, because, stopped: because };
}

function hasJustEnded(situation: Situation, primary: ObservedContainer | null): boolean {
  if (primary === null || primary.startedAt === null) return false;
  return !goesOnAfter(situation, primary, situation.outdated) && jobEnd(situation, primary) !== null;
}

/** Whether what it ends is ended for another to be started, which would then not be. */
function isForStart(
  { type, reason: cause }: Fact,
  containers: readonly ObservedContainer[],
  steps: readonly Step[],
): boolean {
  if (type === "stop.due") return stopsToStart.has(cause);
  if (type !== "replacement.failed") return false;
  const ended = new Set(steps.flatMap((step) => (step.do === "stop" ? [step.id] : [])));
  return ended.size > 0 && !containers.some((container) => isLive(container) && !ended.has(container.id));
}

/** What runs stays as it is while nothing may begin: the fact to wait with in the place of `planned`, or null. */
export function heldChange(
  { startsHeld, containers }: Pick<World, "startsHeld" | "containers">,
  { steps, fact }: { readonly steps: readonly Step[]; readonly fact: Fact },
): Fact | null {
  if (startsHeld == null) return null;
  const begins = steps.some(({ do: kind }) => kind === "create" || kind === "start");
  if (!begins && !isForStart(fact, containers, steps)) return null;
  return { ...fact, reason, message: describeEmergencyStop(startsHeld), at: null };
}
