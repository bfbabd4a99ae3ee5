import { describeEmergencyStop } from "../emergency-stop.ts";
import { deviceUuidsOf, earlier, holdUntil, removeAt } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import { describeGone } from "../schedule/given-devices.ts";
import { describeOverride } from "../stop-override.ts";
import { fact, type Fact } from "./fact.ts";
import { isFinished } from "./finished-run.ts";
import { mayBeRevived } from "./limits-action.ts";
import { releasedContainer } from "./released-container.ts";
import type { Situation } from "./situation.ts";

/** Why it is not to run. */
export interface Unwanted {
  readonly reason: "SpecStopped" | "EmergencyStop" | "EmergencyStopsUnreadable" | "StopOverride";
  /** `spec.desiredState is Stopped` */
  readonly because: string;
  /** What it then is: `stopped as declared`. */
  readonly stopped: string;
}

/** An admin's word comes before the owner's; what is done already stays as it is. */
export function whyUnwanted({ world, spec, memory, roles }: Situation): Unwanted | null {
  const isDone = isFinished(memory.finished, spec) && !lives([roles.primary]);
  // Beside a job that is done something with its labels may still run.
  const isAtRest = isDone && !lives([roles.replacement, ...roles.extras]);
  if (world.emergencyStop != null && !isAtRest) {
    const because = describeEmergencyStop(world.emergencyStop);
    return { reason: "EmergencyStop", because, stopped: because };
  }
  if (world.stopOverride != null) {
    const because = describeOverride(world.stopOverride);
    return isDone ? null : { reason: "StopOverride", because, stopped: because };
  }
  if (spec.desiredState !== "Stopped") return null;
  // A sweep that is stopped and started goes on where it was.
  if (isDone && world.record.source.element !== undefined) return null;
  return { reason: "SpecStopped", because: "spec.desiredState is Stopped", stopped: "stopped as declared" };
}

function lives(containers: readonly (ObservedContainer | null)[]): boolean {
  return containers.some((container) => container !== null && isLive(container));
}

/** When a container that is not to run is removed; null: never, as in an emergency, after which all goes on. */
export function unwantedRemoveAt(
  container: ObservedContainer,
  limits: EffectiveLimits,
  reason: Unwanted["reason"] | undefined,
): number | null {
  if (isEmergency(reason)) return null;
  return removeAt(container, limits) ?? null;
}

function isEmergency(reason: Unwanted["reason"] | undefined): boolean {
  return reason === "EmergencyStop" || reason === "EmergencyStopsUnreadable";
}

/** What becomes of what is not to run. */
export function observeUnwanted(situation: Situation, { reason, because, stopped }: Unwanted): Fact {
  const { roles } = situation;
  // In an emergency nothing of it goes on, not even what is left alone otherwise.
  const extras = reason === "EmergencyStop" ? roles.extras : [];
  if (lives([roles.primary, roles.replacement, ...extras])) return fact("stop.due", reason, because);
  // In an emergency nothing is removed that has run: all goes on after it.
  const isKept = isEmergency(reason) && roles.primary !== null && roles.replacement?.startedAt != null;
  if (roles.replacement !== null && !isKept) {
    return fact("replacement.leftover", reason, `no longer needed: ${because}`);
  }
  if (roles.primary === null) return fact("stopped.absent", reason, stopped);
  if (roles.primary.startedAt === null) {
    return fact("remove.due", reason, `never started and ${because}`);
  }
  return observeKept(situation, roles.primary, { reason, stopped });
}

/** A stopped container that is kept: with its GPUs for a while, then without, then not at all. */
function observeKept(
  situation: Situation,
  container: ObservedContainer,
  { reason, stopped }: Pick<Unwanted, "reason" | "stopped">,
): Fact {
  const { limits, limitsAction, now } = situation;
  const removal = unwantedRemoveAt(container, limits, reason);
  if (removal !== null && removal <= now) {
    return fact("remove.due", "RemoveAfterStop", "removeAfterStop is over");
  }
  if (limitsAction !== null && mayBeRevived(limitsAction))
    return fact("limits.drifted", "LimitsChanged", limitsAction.cause);
  if (deviceUuidsOf(container).length === 0) return fact("stopped.kept", reason, stopped, removal);
  const isGivenBack = situation.gone.length > 0 || releasedContainer(situation) === container.id;
  const hold = isGivenBack ? now : holdUntil(container, limits);
  if (container.lingering === true) {
    return fact(
      "stopped.held",
      "ProcessesLinger",
      "stopped, but processes of it still live and use the GPU",
      now + 5000,
    );
  }
  if (hold === null || (hold !== undefined && hold > now)) {
    return fact("stopped.held", "GpuHeld", stopped, earlier(hold ?? null, removal));
  }
  const free = situation.gone.length > 0 ? describeGone(situation.gone) : "its GPUs are free for others";
  return fact("stopped.released", "GpuReleased", `${stopped}; ${free}`, removal);
}
