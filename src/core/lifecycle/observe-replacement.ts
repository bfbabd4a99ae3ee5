import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import { startOf } from "../container-clock.ts";
import { deviceUuidsOf, holdsDevicesOf, isMadeFor } from "../expiry.ts";
import { isLive } from "../plan/roles.ts";
import { describeExit, fact, failureFact, type Fact } from "./fact.ts";
import { gpuStackAway } from "./gpu-stack-away.ts";
import { mayRunWhereItWas } from "./may-run-where-it-was.ts";
import { isFromAheadOf, isPutOff } from "./put-off.ts";
import { isStartedAgain, isStoppedWithAll } from "./replacement-again.ts";
import type { Situation } from "./situation.ts";

/** How long a replacement without health check must run before the old container is removed. */
export const startupMs = 3000;
/** A replacement with health check may take at least this long to become healthy. */
const leastHealthMs = 120_000;
/** Docker's own, where neither the spec nor the image says. https://docs.docker.com/reference/dockerfile/#healthcheck */
const usualCheck = { startPeriodMs: 0, retries: 3, intervalMs: 30_000, timeoutMs: 30_000 };

/** A new container stands beside the old one, which is kept until the new one is good (DESIGN 4). */
export function observeReplacement(
  situation: Situation,
  primary: ObservedContainer,
  replacement: ObservedContainer,
): Fact {
  if (isStale(situation, replacement)) {
    if (isLive(replacement))
      return fact("replacement.failed", "Outdated", "the spec changed again while it was being replaced");
    const why = keepsDevices(situation, replacement)
      ? "made for a configuration that is not wanted any more"
      : "its GPUs were given back meanwhile, as nothing ran on them";
    return fact("replacement.leftover", "Outdated", why);
  }
  const found = observeWanted(situation, primary, replacement);
  if (found.type !== "replacement.failed" || mayRunAgain(situation, primary, replacement)) return found;
  // Else it would be made anew at once, and so for ever: it is started again like any other.
  const { failure } = situation.memory;
  if (replacement.startedAt === null && failure !== null) {
    // What has never run takes nobody's place.
    return isPutOff(failure, situation.now)
      ? failureFact(failure)
      : fact("replacement.created", "TriedAgain", found.message);
  }
  return fact(
    "replacement.ready",
    "NothingToRollBackTo",
    `${found.message}, and the old one cannot run again`,
  );
}

/** True when the old container runs, or may be started where it was, be it later. */
function mayRunAgain(
  situation: Situation,
  primary: ObservedContainer,
  replacement: ObservedContainer,
): boolean {
  if (isLive(primary) || mayRunWhereItWas(situation, primary)) return true;
  // Its devices are there and are no others' than those of the new one: they may be cordoned or suspect for a while.
  return situation.gone.length === 0 && hasSameDevices(primary, replacement);
}

function hasSameDevices(one: ObservedContainer, other: ObservedContainer): boolean {
  const [left, right] = [deviceUuidsOf(one), deviceUuidsOf(other)];
  return left.length === right.length && left.every((uuid) => right.includes(uuid));
}

/** One that is as it should be. */
function observeWanted(
  situation: Situation,
  primary: ObservedContainer,
  replacement: ObservedContainer,
): Fact {
  if (replacement.startedAt === null) return observeCreatedReplacement(situation, primary);
  if (isLive(replacement)) return observeLiveReplacement(situation, replacement);
  const { memory, spec } = situation;
  if (spec.restartPolicy !== "Always" && replacement.exitCode === 0 && !isStoppedWithAll(memory)) {
    return fact("replacement.ready", "Completed", "the new container has done its work");
  }
  if (!isLive(primary) && isStartedAgain(situation, replacement))
    return observeCreatedReplacement(situation, primary);
  return fact("replacement.failed", "RollbackPerformed", `the new container ${describeExit(replacement)}`);
}

function observeCreatedReplacement(situation: Situation, primary: ObservedContainer): Fact {
  const { failure } = situation.memory;
  if (failure !== null && (failure.step === "start" || failure.step === "seed")) {
    return fact("replacement.failed", failure.reason, `the new container did not start: ${failure.message}`);
  }
  if (isLive(primary)) {
    const away = gpuStackAway(situation);
    if (away !== null) return fact("replacement.starting", away.reason, away.message, away.at);
    return fact("stop.due", "Replaced", situation.outdated ?? "replaced by a new container");
  }
  return fact("replacement.created", "Created", situation.outdated ?? "configuration changed");
}

function observeLiveReplacement(situation: Situation, replacement: ObservedContainer): Fact {
  const { now, memory, world } = situation;
  const startedAt = startOf(replacement) ?? now;
  if (replacement.health === "healthy")
    return fact("replacement.ready", "Healthy", "the new container is healthy");
  if (replacement.health === null) {
    // Where the clock was set back since, and nobody can say by how much, it is not waited for.
    const isUnknown = world.clock == null && isFromAheadOf(now, memory.since);
    const readyAt = isUnknown ? now : startedAt + startupMs;
    return readyAt <= now
      ? fact("replacement.ready", "Started", "the new container runs")
      : fact("replacement.starting", "Starting", "waiting whether the new container stays up", readyAt);
  }
  const deadline = startedAt + healthDeadlineMs(replacement);
  if (replacement.health === "unhealthy" || deadline <= now) {
    return fact("replacement.failed", "RollbackPerformed", "the new container did not become healthy");
  }
  return fact(
    "replacement.starting",
    "Starting",
    "waiting for the new container to become healthy",
    deadline,
  );
}

/** How long Docker itself may take to tell a healthy container from one that never will be, in milliseconds. */
function healthDeadlineMs({ config }: ObservedContainer): number {
  const check = config.process.healthCheck;
  const startPeriodMs = check.startPeriodMs ?? usualCheck.startPeriodMs;
  const intervalMs = check.intervalMs ?? usualCheck.intervalMs;
  const timeoutMs = check.timeoutMs ?? usualCheck.timeoutMs;
  const tries = (check.retries ?? usualCheck.retries) + 1;
  return Math.max(leastHealthMs, startPeriodMs + tries * (intervalMs + timeoutMs));
}

/** True when the replacement was made for another spec or other devices than wanted now. */
function isStale(situation: Situation, replacement: ObservedContainer): boolean {
  const { devices } = situation;
  if (replacement.labels[labels.specHash] !== situation.specHash) return true;
  if (!keepsDevices(situation, replacement)) return true;
  return devices !== null && !isMadeFor(replacement, devices);
}

function keepsDevices({ world }: Situation, replacement: ObservedContainer): boolean {
  return isLive(replacement) || holdsDevicesOf(world.claim, replacement);
}
