import type { LogToKeep } from "../decision.ts";
import type { Fact } from "./fact.ts";
import { endedRun, type LastRun } from "./last-run.ts";
import type { Situation } from "./situation.ts";

/** Why a container goes that another one follows. */
const madeAnew: ReadonlySet<string> = new Set(["TriedAgain", "DeviceUnusable"]);

/** The run to be remembered, as its container may go: that of a job that is done, or goes on in a new one. */
export function runToRemember({ roles }: Situation, fact: Fact): LastRun | null {
  if (roles.primary === null) return null;
  return fact.type.startsWith("job.") || madeAnew.has(fact.reason) ? endedRun(roles.primary) : null;
}

/** The log whose end is to be read, once a run; null when there is none, or it has been. */
export function logToKeep(situation: Situation, fact: Fact): LogToKeep | null {
  const run = runToRemember(situation, fact);
  if (run === null) return null;
  const { containerId, finishedAt } = run;
  const { keptLog } = situation.memory;
  const isKept = keptLog?.containerId === containerId && keptLog.finishedAt === finishedAt;
  return isKept ? null : { containerId, finishedAt };
}
