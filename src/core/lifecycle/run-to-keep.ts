import { labels } from "../../api/names.ts";
import type { LogToKeep } from "../decision.ts";
import { isLive } from "../plan/roles.ts";
import type { Fact } from "./fact.ts";
import { endedRun, type LastRun } from "./last-run.ts";
import type { Situation } from "./situation.ts";

/** Why a container goes that another one follows. */
const madeAnew: ReadonlySet<string> = new Set(["TriedAgain", "DeviceUnusable"]);

/**
 * The run to be remembered, as its container may go: that of a job that is done, or goes on in a new one, and what has
 * ended by itself before its spec was edited.
 */
export function runToRemember(situation: Situation, fact: Fact): LastRun | null {
  const { primary } = situation.roles;
  if (primary === null) return null;
  const isOver =
    fact.type.startsWith("job.") || madeAnew.has(fact.reason) || isEndedBeforeEdit(situation, fact);
  return isOver ? endedRun(primary) : null;
}

function isEndedBeforeEdit({ memory, roles: { primary }, specHash }: Situation, { type }: Fact): boolean {
  if (type !== "configuration.outdated" || primary === null || isLive(primary)) return false;
  return memory.stopCause === null && (primary.labels[labels.specHash] ?? specHash) !== specHash;
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
