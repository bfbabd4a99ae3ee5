import { restartBackoff } from "../../util/backoff.ts";
import type { Phase } from "../../api/container.ts";
import { describeAccessLoss, lastingTries, withoutTries, withTry, type AccessTries } from "../gpu-access.ts";
import { endOf } from "../container-clock.ts";
import { deviceUuidsOf, ranMsOf } from "../expiry.ts";
import { isLive } from "../plan/roles.ts";
import { submittedAt } from "../schedule/submitted-at.ts";
import type { Fact } from "./fact.ts";
import { allowanceHash, isFinished } from "./finished-run.ts";
import { rememberIdleWarning } from "./idle-end.ts";
import { isMemoryInUse, updatableLimits } from "./limits-action.ts";
import { releasedContainer } from "./released-container.ts";
import { afterReplacementStart } from "./replacement-again.ts";
import { restartRequest } from "./restart-request.ts";
import { rememberNews } from "./remember-news.ts";
import { rememberTenancy } from "./remember-tenancy.ts";
import type { FactType } from "./fact-types.ts";
import type { LifecycleAction } from "./machine.ts";
import type { LifecycleMemory, StopCause } from "./memory.ts";
import { runToRemember } from "./run-to-keep.ts";
import type { Situation } from "./situation.ts";

/** While these hold, an object keeps its place in the queue. */
const waitingFacts: ReadonlySet<FactType> = new Set([
  "waiting",
  "image.missing",
  "image.aliased",
  "image.pulling",
  "image.unbuilt",
  "image.building",
  "engine.unreachable",
]);

/** What is to be remembered of a decision: only what nobody could observe later. */
export function remember(
  situation: Situation,
  outcome: {
    readonly state: Phase;
    readonly fact: Fact;
    readonly action: LifecycleAction | null;
    readonly lost: boolean;
  },
): LifecycleMemory {
  const { memory, now, clocks } = situation;
  const { state, fact, action, lost } = outcome;
  const since = memory.state === state ? memory.since : now;
  const rolledBack = memory.rolledBack?.specHash === situation.specHash ? memory.rolledBack : null;
  const waiting = waitingFacts.has(fact.type);
  const waitingSince = waiting ? submittedAt(situation.world.record, now) : null;
  const { primary } = situation.roles;
  // Whatever runs is not done: somebody has started it again.
  const finished = primary !== null && isLive(primary) ? null : memory.finished;
  const base: LifecycleMemory = {
    ...memory,
    state,
    since,
    rolledBack,
    finished,
    waitingSince,
    nextStartAt: null,
    releasedContainerId: releasedContainer(situation),
    ...accessTriesOf(situation),
    ...rememberIdleWarning(situation),
    ...rememberTenancy(situation, fact, action),
    ...lastRunOf(situation, fact),
    ...(memory.clocks === undefined && clocks.length === 0 ? {} : { clocks }),
    ...rememberNews(situation, fact),
  };
  const restarts = memory.restarts + (lost && action === "createContainer" ? 1 : 0);
  return { ...afterFact({ ...base, restarts }, situation, fact), ...afterAction(situation, fact, action) };
}

/** How the run ended that is done or about to be gone; the one before stays until then. */
function lastRunOf(situation: Situation, fact: Fact): Pick<LifecycleMemory, "lastRun"> {
  const run = runToRemember(situation, fact);
  return run === null ? {} : { lastRun: run };
}

/** Only while there are some: most containers never lose access. */
function accessTriesOf({ memory, access, roles, now }: Situation): { readonly accessTries?: AccessTries } {
  const { accessTries } = memory;
  if (accessTries === undefined || accessTries.count === 0) return {};
  if (access !== null) return { accessTries: access.tries };
  const { primary } = roles;
  if (primary === null) return { accessTries };
  const until = isLive(primary) ? now : (endOf(primary) ?? now);
  return { accessTries: lastingTries(accessTries, primary, until) };
}

function afterFact(memory: LifecycleMemory, situation: Situation, fact: Fact): LifecycleMemory {
  switch (fact.type) {
    case "container.running":
    case "paused.kept":
      return afterLook(memory, situation);
    case "rolled.back":
      return { ...memory, failure: null };
    case "restart.waiting":
      return { ...memory, nextStartAt: fact.at };
    case "stopped.held":
    case "stopped.released":
    case "stopped.kept":
    case "stopped.absent":
      return {
        ...memory,
        finished: null,
        stopCause: "SpecStopped",
        attempts: 0,
        failure: null,
        ...withoutTries(memory),
      };
    case "job.succeeded":
    case "job.failed":
      return {
        ...memory,
        failure: null,
        finished: isFinished(memory.finished, situation.spec)
          ? memory.finished
          : finishedRun(situation, fact),
      };
    default:
      return memory;
  }
}

/** It lives as declared. */
function afterLook(memory: LifecycleMemory, { roles: { primary } }: Situation): LifecycleMemory {
  return {
    ...memory,
    // It waits beside what runs.
    failure: isMemoryInUse(memory.failure) ? memory.failure : null,
    finished: null,
    stopCause: null,
    containerId: primary?.id ?? null,
    lastGpus: primary === null ? memory.lastGpus : deviceUuidsOf(primary),
  };
}

function finishedRun(situation: Situation, fact: Fact): LifecycleMemory["finished"] {
  const { primary } = situation.roles;
  return {
    specHash: situation.specHash,
    allowanceHash: allowanceHash(situation.spec),
    state: fact.type === "job.succeeded" ? "Completed" : "Failed",
    reason: fact.reason,
    message: fact.message,
    exitCode: primary?.exitCode ?? null,
    at: primary?.finishedAt ?? situation.now,
  };
}

function afterAction(
  situation: Situation,
  fact: Fact,
  action: LifecycleAction | null,
): Partial<LifecycleMemory> {
  switch (action) {
    case "createContainer":
    case "createReplacement":
      return afterCreate(situation, fact, action);
    case "updateContainer":
      return situation.limitsAction?.limits == null ? {} : { applied: situation.limitsAction.limits };
    case "startReplacement":
      return afterReplacementStart(situation);
    case "restartContainer":
      return afterRestart(situation, fact);
    case "removeContainer":
      return afterRemoval(situation, fact);
    case "stopContainer":
      return {
        // Where only something beside a job that is done is stopped, its own end stays what it was.
        stopCause: isDone(situation) ? situation.memory.stopCause : stopCauseOf(fact.reason),
        ...answered(situation, fact),
        ...(fact.reason === "GpuAccessLost" ? accessTried(situation) : {}),
      };
    case "rollBack":
      return afterRollBack(situation, fact);
    case "finishReplacement":
      return afterReplacement(situation);
    default:
      return {};
  }
}

function isDone({ memory, spec, roles: { primary, replacement } }: Situation): boolean {
  const lives = [primary, replacement].some((container) => container !== null && isLive(container));
  return isFinished(memory.finished, spec) && !lives;
}

/** Counts only what is done for the sake of the GPUs. */
function accessTried({ access, outdated }: Situation): Partial<LifecycleMemory> {
  if (access === null) return {};
  const isCause = outdated === null || outdated === describeAccessLoss(access.loss);
  return isCause ? { accessTries: withTry(access) } : {};
}

/** What a new container starts with; one that takes the place of another leaves that its limits meanwhile. */
function afterCreate(
  situation: Situation,
  fact: Fact,
  action: "createContainer" | "createReplacement",
): Partial<LifecycleMemory> {
  const isFirst = action === "createContainer";
  return {
    ...(isFirst ? { applied: updatableLimits(situation.limits), stopCause: null } : accessTried(situation)),
    lastGpus: (situation.devices ?? []).map((device) => device.uuid),
    finished: null,
    ...(fact.reason === "LimitsChanged" ? afterRestart(situation, restartOf(situation, fact)) : {}),
  };
}

/** The new container has taken over; its limits are those it was made with, whatever a quota says by now. */
function afterReplacement({ roles: { replacement } }: Situation): Partial<LifecycleMemory> {
  if (replacement === null) return { stopCause: null, containerId: null };
  const { cpus, memoryBytes, memorySwapBytes, pidsLimit, ioWeight } = replacement.config;
  return {
    stopCause: null,
    // Where it was tried before, it was to be tried again.
    rolledBack: null,
    containerId: replacement.id,
    applied: { cpus, memoryBytes, memorySwapBytes, pidsLimit, ioWeight },
  };
}

function afterRollBack({ specHash, memory }: Situation, fact: Fact): Partial<LifecycleMemory> {
  const rolledBack = { specHash, reason: fact.reason, message: `rolled back: ${fact.message}` };
  return {
    // A replacement that an edit has overtaken says nothing about the spec as it is now.
    ...(fact.reason === "Outdated" ? {} : { rolledBack }),
    // Why the new container did not start is told; what of the rolling back itself failed still waits.
    ...(memory.failure?.step === "start" || memory.failure?.step === "seed" ? { failure: null } : {}),
    stopCause: null,
  };
}

/** It is started again by a new container with other limits; whether its owner asked for it counts. */
function restartOf({ memory }: Situation, fact: Fact): Fact {
  const isAsked = memory.stopCause === "SpecStopped" || memory.stopCause === "StartedAgain";
  return isAsked ? { ...fact, reason: "SpecRunning" } : fact;
}

/** A restart counts as an attempt unless the person asked for it; a long run forgets earlier attempts. */
function afterRestart(situation: Situation, fact: Fact): Partial<LifecycleMemory> {
  const { memory, roles } = situation;
  const { finishedAt = null } = roles.primary ?? {};
  const begun = {
    stopCause: null,
    finished: null,
    countedRunEndedAt: finishedAt,
    // It was given devices, or it would not start.
    releasedContainerId: null,
  };
  if (finishedAt !== null && finishedAt === memory.countedRunEndedAt) return begun;
  const ranMs = roles.primary === null ? 0 : ranMsOf(roles.primary);
  const total = { ...begun, ranMs: memory.ranMs + ranMs };
  // That it gave way to others is no fault of its own.
  if (fact.reason === "PreemptionOver") return total;
  // Its owner wants it: what failed before counts no more, the time it has used does.
  if (fact.reason === "RestartRequested") {
    return { ...total, ...answered(situation, fact), attempts: 0, restarts: memory.restarts + 1 };
  }
  if (fact.reason === "SpecRunning" || fact.reason === "SpecChanged")
    return { ...total, ranMs: 0, attempts: 0 };
  const attempts = ranMs >= restartBackoff.forgetAfterMs ? 0 : memory.attempts;
  // That has a curve of its own, before the stop.
  if (fact.reason === "GpuAccessLost") return { ...total, attempts, restarts: memory.restarts + 1 };
  return { ...total, attempts: attempts + 1, restarts: memory.restarts + 1, ...retried(situation) };
}

/** Its container goes for another one: while it is known as the last one, it was not lost. */
function afterRemoval(situation: Situation, fact: Fact): Partial<LifecycleMemory> {
  const last = { containerId: situation.roles.primary?.id ?? null };
  if (fact.reason === "DeviceUnusable") return last;
  return fact.reason === "TriedAgain" ? { ...afterRestart(situation, fact), ...last } : {};
}

/** A try more of a job that failed by itself; where no limit counts them there are none. */
function retried({ memory, spec }: Situation): Pick<LifecycleMemory, "retries"> {
  const isCounted = spec.backoffLimit !== undefined && memory.stopCause === null;
  return isCounted ? { retries: (memory.retries ?? 0) + 1 } : {};
}

function answered(situation: Situation, { reason }: Fact): Partial<LifecycleMemory> {
  const request = reason === "RestartRequested" ? restartRequest(situation) : null;
  return request === null ? {} : { restartAnswered: request.text };
}

function stopCauseOf(reason: string): StopCause {
  return reason === "MaxRuntimeExceeded" ||
    reason === "IdleTimeout" ||
    reason === "EmergencyStop" ||
    reason === "GpuAccessLost" ||
    reason === "RestartRequested" ||
    reason === "Preempted" ||
    reason === "Replaced" ||
    reason === "SpecDeleted"
    ? reason
    : "SpecStopped";
}
