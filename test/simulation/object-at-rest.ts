import { labels } from "../../src/api/names.ts";
import { containerName } from "../../src/core/plan/container-name.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import { specHash } from "../../src/core/plan/spec-hash.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import type { FakeContainer } from "../support/fake-container.ts";

/** Phases in which nothing stays. */
const moving: ReadonlySet<string> = new Set([
  "Preparing",
  "Allocated",
  "Creating",
  "Starting",
  "Stopping",
  "Removing",
]);
/** Reasons that say that something is away which is back. */
const transient = /Unreachable|NotSynced|StackNotReady|Unavailable|StateNotWritable/;

type Check = (record: ContainerRecord, live: readonly FakeContainer[]) => string | null;

/** In this order; the first that finds something is told. */
const checks: readonly Check[] = [unfinished, tooMany, notAsShown, silent];

/** What is wrong with an object at rest; null: nothing. */
export function problemAtRest(record: ContainerRecord, containers: readonly FakeContainer[]): string | null {
  if (record.deletion !== null) return `is to be deleted, and stays ${shown(record)}`;
  // A sweep has no container of its own.
  if (record.spec === null || record.spec.replicas !== undefined) return null;
  const isMine = ({ name }: FakeContainer): number => (isRenamed(name) ? 1 : 0);
  const live = containers.filter(isLive).toSorted((one, other) => isMine(one) - isMine(other));
  for (const check of checks) {
    const problem = check(record, live);
    if (problem !== null) return problem;
  }
  return null;
}

/** As the simulated hands do. */
function isRenamed(name: string): boolean {
  return name.endsWith("-mine");
}

function shown({ status }: ContainerRecord): string {
  return `${status.phase} (${status.reason ?? ""}: ${status.message ?? ""})`;
}

function unfinished(record: ContainerRecord): string | null {
  const { status, generation } = record;
  if (moving.has(status.phase)) return `stays ${shown(record)}`;
  if (transient.test(status.reason ?? "")) return `is ${shown(record)}, which is over`;
  return status.observedGeneration === generation ? null : `its generation ${generation} was not looked at`;
}

function tooMany({ status }: ContainerRecord, live: readonly FakeContainer[]): string | null {
  if (live.length < 2) return null;
  // What somebody has renamed while it was to replace another is left to them, and told.
  const isTold = status.conditions.some(({ type }) => type === "ExtraContainers");
  if (isTold && live.filter(({ name }) => !isRenamed(name)).length < 2) return null;
  return `has ${live.length} containers that run: ${live.map(({ name }) => name).join(", ")}`;
}

function notAsShown(record: ContainerRecord, [live]: readonly FakeContainer[]): string | null {
  const { phase } = record.status;
  if (phase === "Running") return runningProblem(record, live);
  if (phase === "Degraded") return null;
  if (phase === "Paused") return live?.state === "paused" ? null : `is ${shown(record)}, but is not paused`;
  return live === undefined ? null : `is ${shown(record)}, but ${live.name} is ${live.state}`;
}

function silent(record: ContainerRecord, live: readonly FakeContainer[]): string | null {
  const { status, spec } = record;
  if (live.length > 0 || spec?.desiredState === "Stopped" || status.phase === "Completed") return null;
  return (status.reason ?? "") === "" ? `is ${shown(record)} and does not say why it does not run` : null;
}

function runningProblem(record: ContainerRecord, live: FakeContainer | undefined): string | null {
  const { namespace, name, spec, memory, status, rejection, pruneBlocked } = record;
  if (live === undefined) return "says that it runs, and nothing does";
  if (spec?.desiredState === "Stopped")
    return `runs, but is to be stopped: ${status.reason}: ${status.message}`;
  if (live.state !== "running") return `says that it runs, but is ${live.state}`;
  const isReady = status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
  if (!isReady) return null;
  // What is wrong with the file is told first.
  const isToldFirst = rejection !== null || pruneBlocked !== null;
  if (live.name !== containerName(namespace, name) && status.reason !== "NameInUse" && !isToldFirst)
    return `runs as ${live.name}, and says: ${status.message ?? "nothing"}`;
  const isWanted = spec !== null && live.labels[labels.specHash] === specHash(spec);
  return isWanted || memory.rolledBack !== null ? null : "is Ready with another configuration than its spec";
}
