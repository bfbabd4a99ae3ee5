import { restartBackoff } from "../../util/backoff.ts";
import type { ObservedContainer } from "../observed.ts";
import { describeAccessLoss, describeAccessRemedy, type LostAccess } from "../gpu-access.ts";
import { endOf, startOf } from "../container-clock.ts";
import { isAdopted } from "../adoption/adoption.ts";
import { isBeingStopped } from "../being-stopped.ts";
import { isBetweenTries } from "./between-tries.ts";
import { aggregateWait } from "./aggregate-wait.ts";
import { earlier, finishedRemoveAt, holdUntil } from "../expiry.ts";
import { finishesFirst } from "../deletion-policy.ts";
import { nameConflict } from "../name-conflict.ts";
import { containerName } from "../plan/container-name.ts";
import { isLive } from "../plan/roles.ts";
import { failureInTheWay, isOfImage, mayBeRevived } from "./limits-action.ts";
import { mayRunWhereItWas } from "./may-run-where-it-was.ts";
import { missingForCreate, waitingForDevices } from "./missing-for-create.ts";
import { observeUnwanted } from "./observe-unwanted.ts";
import { observeReplacement } from "./observe-replacement.ts";
import { whyNotToRun } from "./held-start.ts";
import { describeExit, fact, failureFact, type Fact } from "./fact.ts";
import { isFinished } from "./finished-run.ts";
import { gpuStackAway } from "./gpu-stack-away.ts";
import { describeNotice } from "./preemption-notice.ts";
import { describeIdleEnd, idleEnd } from "./idle-end.ts";
import { endText, goesOnAfter, isTriedAnew, isUsedUp, jobEnd } from "./job-end.ts";
import { nextEnd, observePaused, pauseDue } from "./pause.ts";
import { isPutOff, restartDueAt } from "./put-off.ts";
import { resumption } from "./resumption.ts";
import { restartRequest } from "./restart-request.ts";
import { startWithLimits } from "./start-with-limits.ts";
import { deadlineOf, isRolledBack, type Situation } from "./situation.ts";

/** Reduces the situation to the one fact that matters next. Order is precedence. */
export function observe(situation: Situation): Fact {
  const { world, roles, memory } = situation;
  if (!world.engineReady)
    return fact("engine.unreachable", "EngineUnreachable", "the Docker engine does not answer");
  if (world.containers.some((container) => isBeingStopped(world, container))) {
    return fact("container.stopping", "Stopping", "being stopped");
  }
  const unwanted = whyNotToRun(situation);
  if (unwanted !== null) return observeUnwanted(situation, unwanted);
  const { primary, replacement } = roles;
  const end = primary !== null && isLive(primary) ? endOfLive(situation) : null;
  if (end !== null) return end;
  if (replacement !== null && primary !== null) {
    const cause = isUsedUp(situation) && !isLive(primary) && !isLive(replacement) ? memory.stopCause : null;
    if (cause !== null) return fact("replacement.leftover", cause, `no longer needed: ${endText(cause)}`);
    return observeReplacement(situation, primary, replacement);
  }
  if (primary === null) return observeMissing(situation);
  return isLive(primary) ? observeLive(situation, primary) : observeEnded(situation, primary);
}

/** What ends a container that runs as declared: its own limit, or that it has to give way. */
function endOfLive(situation: Situation): Fact | null {
  const { world, now } = situation;
  const deadline = deadlineOf(situation);
  if (deadline !== null && deadline <= now)
    return fact("stop.due", "MaxRuntimeExceeded", "maxRuntime is used up");
  const idle = idleEnd(situation);
  if (idle?.stage === "due") return fact("stop.due", "IdleTimeout", describeIdleEnd(idle));
  const { preemption } = world;
  if (preemption === null || preemption.at > now) return null;
  return fact("stop.due", "Preempted", describeNotice(situation, preemption));
}

/** No container although one should run. */
function observeMissing(situation: Situation): Fact {
  const { world, memory, now } = situation;
  const { finished } = memory;
  if (isFinished(finished, situation.spec)) {
    return fact(
      finished.state === "Completed" ? "job.succeeded" : "job.failed",
      finished.reason,
      finished.message,
    );
  }
  const { pruneBlocked } = world.record;
  // Its file is gone and it was only to finish: what has lost its container is not begun again.
  if (pruneBlocked?.reason === finishesFirst && !isBetweenTries({ ...world.record, memory }))
    return fact("waiting", finishesFirst, pruneBlocked.message);
  const conflict = nameConflict(world);
  if (conflict !== null) return fact("stalled", "NameConflict", conflict, now + 30_000);
  if (world.toAdopt != null) {
    const message = `its annotation ds01.io/adopts names the container ${world.toAdopt}, which ds01 does not know as its own: ds01 import container ${world.toAdopt}, or remove the annotation for a new container`;
    return fact("stalled", "NotAdopted", message, now + 30_000);
  }
  return missingForCreate(situation) ?? fact("assigned", "Assigned", "everything it needs is there");
}

/** A primary whose process runs, without a replacement beside it. */
function observeLive(situation: Situation, primary: ObservedContainer): Fact {
  const { memory } = situation;
  if (primary.state === "paused") return observePaused(situation);
  if (isMisnamed(situation, primary)) {
    return fact("container.misnamed", "Renamed", `was renamed to ${primary.name} from outside`);
  }
  if (situation.spec.desiredState === "Paused") return pauseDue(situation);
  const rolledBack = isRolledBack(situation) ? memory.rolledBack : null;
  if (situation.outdated !== null && rolledBack === null) return observeOutdated(situation);
  if (situation.limitsAction?.type === "update") {
    return fact("limits.drifted", "LimitsChanged", situation.limitsAction.cause);
  }
  const stop = stopForRestart(situation);
  if (stop !== null) return stop;
  const { access } = situation;
  const deadline = nextEnd(situation);
  const next = access === null ? deadline : (nextTry(situation, access) ?? deadline);
  if (rolledBack !== null) {
    return fact("rolled.back", "RollbackPerformed", rolledBack.message, next);
  }
  if (access !== null) {
    const message = `${describeAccessLoss(access.loss)}; ${describeAccessRemedy(access, situation.now)}`;
    return fact("container.running", "GpuAccessLost", message, next);
  }
  return fact("container.running", "Running", "running", deadline);
}

/** One that was adopted keeps the name that it had. */
function isMisnamed({ world }: Situation, primary: ObservedContainer): boolean {
  const { namespace, name } = world.record;
  return primary.name !== containerName(namespace, name) && world.nameTakenBy === null && !isAdopted(primary);
}

/** It is stopped to be started again: somebody wants it, or it cannot open its GPUs. */
function stopForRestart(situation: Situation): Fact | null {
  const request = restartRequest(situation);
  if (request !== null) return fact("stop.due", "RestartRequested", request.message);
  const { access } = situation;
  return access !== null && isRestartDue(situation, access)
    ? fact("stop.due", "GpuAccessLost", describeAccessLoss(access.loss))
    : null;
}

function isRestartDue({ world, gone, now }: Situation, { policy, dueAt }: LostAccess): boolean {
  return policy === "restart" && dueAt !== null && dueAt <= now && world.gpuStackReady && gone.length === 0;
}

/** When the container is started again or replaced because it has lost its GPUs; null when it is not, or at once. */
function nextTry({ now }: Situation, { dueAt }: LostAccess): number | null {
  return dueAt !== null && dueAt > now ? dueAt : null;
}

/** The primary must be replaced: first everything that needs no interruption. */
function observeOutdated(situation: Situation): Fact {
  const { presetsChanged } = situation;
  const cause = situation.outdated ?? (presetsChanged ? "its presets changed" : "configuration changed");
  const missing = missingForCreate(situation);
  if (missing === null) return fact("configuration.outdated", "Outdated", cause);
  const { relocation } = situation;
  return relocation === null ? missing : { ...missing, message: `${relocation}. ${missing.message}` };
}

/** A primary that does not run although it should: never started, crashed, or done. */
function observeEnded(situation: Situation, primary: ObservedContainer): Fact {
  const { memory } = situation;
  // What was rolled back is not tried again; only a container whose devices are gone cannot run again.
  const outdated =
    isRolledBack(situation) && mayRunAgain(situation, primary) ? null : configurationOf(situation);
  if (primary.state === "dead")
    return fact("remove.due", "Dead", "Docker failed to remove it; it cannot start");
  if (primary.startedAt === null) return observeCreated(situation);
  if (isFinished(memory.finished, situation.spec)) {
    return observeFinished(situation, primary, memory.finished);
  }
  const end = goesOnAfter(situation, primary, outdated) ? null : jobEnd(situation, primary);
  if (end !== null) return { ...end, at: nextWhenFinished(situation, primary) };
  if (outdated !== null || (situation.presetsChanged && !isRolledBack(situation))) {
    return observeOutdated(situation);
  }
  return observeRelocation(situation) ?? startWithLimits(situation, observeRestart(situation, primary));
}

/** The spec may ask for others by now: it can run with what it was made for while that is its own. */
function mayRunAgain(situation: Situation, primary: ObservedContainer): boolean {
  return !situation.devicesChanged || mayRunWhereItWas(situation, primary);
}

/** What was rolled back needs none of the devices that its spec is waiting for. */
function hasItsOwn(situation: Situation, primary: ObservedContainer): boolean {
  const { devicesChanged, world } = situation;
  return (
    devicesChanged &&
    world.gate == null &&
    isRolledBack(situation) &&
    configurationOf(situation) !== null &&
    mayRunAgain(situation, primary)
  );
}

/** Why it must be made anew for what it is; that its device may not be used says nothing about a run that ended. */
function configurationOf({ outdated, relocation }: Situation): string | null {
  return outdated === relocation ? null : outdated;
}

/** It is not started again where it was: once other devices are its own, it makes way for one that is made for them. */
function observeRelocation(situation: Situation): Fact | null {
  const { relocation, devices } = situation;
  if (relocation === null || devices === null) return null;
  return (
    missingForCreate(situation) ??
    fact("remove.due", "DeviceUnusable", `${relocation}; it is made anew on another device`)
  );
}

/** The same container is to run again: what it has to wait for, what to put right before, and when. */
function observeRestart(situation: Situation, primary: ObservedContainer): Fact {
  const { world, admission, memory, now, limitsAction } = situation;
  // What is not admitted is in no queue for devices.
  if (admission.type !== "admitted") return fact("waiting", admission.reason, admission.message);
  // Until the files are read nobody knows whether its image is still the one to run.
  if (world.image.type === "reading") {
    return fact("waiting", "ReadingContext", "reading what its image is built from", now + 10_000);
  }
  const waiting = hasItsOwn(situation, primary) ? gpuStackAway(situation) : waitingForDevices(situation);
  if (waiting !== null) return waiting;
  const limitless = aggregateWait(situation);
  if (limitless !== null) return limitless;
  const failure = failureInTheWay(memory);
  // It has the image it was made from.
  if (failure !== null && !isOfImage(failure) && isPutOff(failure, now)) return failureFact(failure);
  if (limitsAction?.type === "update") return fact("limits.drifted", "LimitsChanged", limitsAction.cause);
  return resumption(situation) ?? observeCrash(situation, primary);
}

function observeCrash(situation: Situation, primary: ObservedContainer): Fact {
  const { memory, now } = situation;
  const finishedAt = endOf(primary) ?? now;
  const startedAt = startOf(primary);
  const lasted = startedAt !== null && finishedAt - startedAt >= restartBackoff.forgetAfterMs;
  const dueAt = restartDueAt(finishedAt, lasted ? 0 : memory.attempts, memory, now);
  const what = describeExit(primary);
  if (dueAt <= now) {
    if (isTriedAnew(situation))
      return fact("remove.due", "TriedAgain", `${what}; it is tried again in a new container`);
    return fact("restart.due", "Restarted", `${what}; spec says Running`);
  }
  const { failure } = memory;
  // Why it cannot start says more than why it ended.
  if (failure?.step === "start") return fact("restart.waiting", failure.reason, failure.message, dueAt);
  return fact("restart.waiting", primary.oomKilled ? "OOMKilled" : "CrashLoopBackOff", what, dueAt);
}

/** What fails of a container that has never run. */
const beforeRunning: ReadonlySet<string> = new Set(["seed", "start"]);

/** Created but never started: start it, or make way when it can never start. */
function observeCreated(situation: Situation): Fact {
  const { memory, now, outdated, admission } = situation;
  if (outdated !== null) return fact("remove.due", "Outdated", `never started and ${outdated}`);
  const waiting = waitingForDevices(situation);
  if (waiting !== null)
    return fact("remove.due", "DevicesTaken", "never started and its devices are not its own");
  const failure = failureInTheWay(memory);
  if (failure !== null && failure.stalled && beforeRunning.has(failure.step)) {
    return fact("remove.due", failure.reason, `it cannot start: ${failure.message}`);
  }
  if (failure !== null && isPutOff(failure, now)) {
    return fact("retry.waiting", failure.reason, failure.message, failure.nextAt);
  }
  if (admission.type !== "admitted") return fact("remove.due", admission.reason, admission.message);
  const limitless = aggregateWait(situation, "retry.waiting");
  if (limitless !== null) return limitless;
  return fact("container.created", "Created", "created; not started yet");
}

/** A job that is done: keeps its GPUs for the hold, then its container, then nothing. */
function observeFinished(
  situation: Situation,
  primary: ObservedContainer,
  finished: NonNullable<Situation["memory"]["finished"]>,
): Fact {
  const { limits, limitsAction, now } = situation;
  const removal = finishedRemoveAt(primary, limits) ?? null;
  if (removal !== null && removal <= now) return removalDue(limits);
  if (limitsAction !== null && mayBeRevived(limitsAction))
    return fact("limits.drifted", "LimitsChanged", limitsAction.cause);
  const type = finished.state === "Completed" ? "job.succeeded" : "job.failed";
  return fact(type, finished.reason, finished.message, nextWhenFinished(situation, primary));
}

function removalDue({ ttlAfterFinishedMs }: Situation["limits"]): Fact {
  return ttlAfterFinishedMs === undefined
    ? fact("remove.due", "RemoveAfterStop", "removeAfterStop is over")
    : fact("remove.due", "TtlAfterFinished", "ttlAfterFinished is over");
}

/** When a job that is done gives its GPUs back or its container goes, whichever is next; null is never. */
function nextWhenFinished({ limits, now }: Situation, primary: ObservedContainer): number | null {
  const hold = holdUntil(primary, limits) ?? null;
  return earlier(hold !== null && hold > now ? hold : null, finishedRemoveAt(primary, limits) ?? null);
}
