import type { ObservedContainer } from "../observed.ts";
import { describeExit, fact, type Fact } from "./fact.ts";
import { isFinished } from "./finished-run.ts";
import type { Situation } from "./situation.ts";

/** True when a run that ended is not the end of it: it is resumed, tried again, or to be made otherwise. */
export function goesOnAfter(
  situation: Situation,
  primary: ObservedContainer,
  outdated: string | null,
): boolean {
  const { memory } = situation;
  const resumed =
    memory.stopCause === "SpecStopped" ||
    memory.stopCause === "StartedAgain" ||
    memory.stopCause === "EmergencyStop" ||
    memory.stopCause === "GpuAccessLost" ||
    memory.stopCause === "RestartRequested" ||
    memory.stopCause === "Preempted";
  // That it goes on after this run was decided when the restart was tried for the first time.
  const retried = primary.finishedAt !== null && primary.finishedAt === memory.countedRunEndedAt;
  return resumed || retried || hasMoreNow(situation) || (outdated !== null && !isUsedUp(situation));
}

/** A run of this configuration fell short, and the spec was given other resources, GPUs or time since. */
export function hasMoreNow({ memory, spec, specHash }: Situation): boolean {
  return memory.finished?.specHash === specHash && !isFinished(memory.finished, spec);
}

/** Stopped at its maxRuntime or for idleness, and not edited since. */
export function isUsedUp({ memory: { stopCause } }: Pick<Situation, "memory">): boolean {
  return stopCause === "MaxRuntimeExceeded" || stopCause === "IdleTimeout";
}

/** Why ds01 has stopped what is used up. */
export function endText(cause: string): string {
  return cause === "IdleTimeout" ? "it was idle for longer than idleTimeout" : "maxRuntime was used up";
}

/** The end of a job by its own exit, when the restart policy says that is the end. */
export function jobEnd(situation: Situation, primary: ObservedContainer): Fact | null {
  const { restartPolicy, backoffLimit } = situation.spec;
  const { stopCause } = situation.memory;
  if (stopCause !== null && isUsedUp(situation))
    return fact("job.succeeded", stopCause, `stopped by ds01: ${endText(stopCause)}${again(situation)}`);
  if (restartPolicy === "Always") return null;
  const succeeded = primary.exitCode === 0;
  if (succeeded) return fact("job.succeeded", "Completed", "exited with code 0");
  if (backoffLimit !== undefined) return triesUsedUp(situation, primary, backoffLimit);
  if (restartPolicy === "OnFailure") return null;
  return fact("job.failed", primary.oomKilled ? "OOMKilled" : "ExitCode", describeExit(primary));
}

/** Failed once more than it may be tried again, as a Job of Kubernetes is; null while it may. */
function triesUsedUp({ memory }: Situation, primary: ObservedContainer, backoffLimit: number): Fact | null {
  const retries = memory.retries ?? 0;
  if (retries < backoffLimit) return null;
  const tries = retries === 0 ? "is not tried again" : `failed ${retries + 1} times`;
  return fact(
    "job.failed",
    "BackoffLimitExceeded",
    `${describeExit(primary)}; ${tries} (spec.backoffLimit is ${backoffLimit})`,
  );
}

/** True when each try is to have a container of its own: what an earlier one wrote into it is not found again. */
export function isTriedAnew({ spec }: Pick<Situation, "spec">): boolean {
  return spec.restartPolicy === "Never" && spec.backoffLimit !== undefined;
}

/** What its owner can do. */
function again({ memory: { stopCause }, world: { record } }: Situation): string {
  return stopCause === "IdleTimeout" ? `; run it again: ds01 start ${record.name}` : "";
}
