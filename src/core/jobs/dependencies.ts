import { isFinished } from "../lifecycle/finished-run.ts";
import type { FinishedRun } from "../lifecycle/memory.ts";
import type { ContainerRecord } from "../record.ts";
import type { Cycle } from "./cycles.ts";
import type { StartGate } from "./start-gate.ts";

/** Finds an object by its name in the namespace of the one that is asked about. */
export type FindRecord = (name: string) => ContainerRecord | undefined;

/** How many names of a long cycle are told. */
const shownOfCycle = 5;

/**
 * What keeps an object back that is to start after others; null when all of them have completed, or it names none.
 *
 * @param cycle over what has not completed, from the object back to itself; null where there is none.
 */
export function dependencyGate(
  record: ContainerRecord,
  find: FindRecord,
  cycle: Cycle | null,
): StartGate | null {
  const open = openDependencies(record, find);
  if (open.length === 0) return null;
  if (cycle !== null) {
    return {
      reason: "DependencyCycle",
      message: `waits for itself: ${describeCycle(cycle)}; take one of them out of spec.after`,
    };
  }
  return missing(record, open, find) ?? failed(record, open, find) ?? waiting(record, open, find);
}

/** What it names that has not completed. */
export function openDependencies({ spec }: ContainerRecord, find: FindRecord): readonly string[] {
  return (spec?.after ?? []).filter((name) => !hasCompleted(find(name)));
}

/** True when it has ended well with what its spec says now; one that maxRuntime cut off has not. */
export function hasCompleted(record: ContainerRecord | undefined): boolean {
  return endOf(record)?.reason === "Completed";
}

/** How it has ended with what its spec says now; null while it has not. */
function endOf(record: ContainerRecord | undefined): FinishedRun | null {
  if (record === undefined || record.spec === null || record.deletion !== null) return null;
  // A sweep counts its elements at the next look, and until then has not ended with what it says now.
  if (record.spec.replicas !== undefined && record.memory.generation !== record.generation) return null;
  const { finished } = record.memory;
  return isFinished(finished, record.spec) ? finished : null;
}

function missing(
  { namespace }: ContainerRecord,
  open: readonly string[],
  find: FindRecord,
): StartGate | null {
  const names = open.filter((name) => !isDeclared(find(name)));
  if (names.length === 0) return null;
  const which = names.map((name) => `${namespace}/${name}`).join(", ");
  return {
    reason: "DependencyNotFound",
    message: `is to start after ${which}, of which no valid spec is there: add it, or take it out of spec.after`,
  };
}

function isDeclared(record: ContainerRecord | undefined): record is ContainerRecord {
  return record !== undefined && record.spec !== null && record.deletion === null;
}

function failed({ namespace }: ContainerRecord, open: readonly string[], find: FindRecord): StartGate | null {
  const ends = open.flatMap((name) => {
    const end = endOf(find(name));
    return end === null ? [] : [`${namespace}/${name} (${end.reason}: ${end.message})`];
  });
  if (ends.length === 0) return null;
  return {
    reason: "DependencyFailed",
    message: `does not start, as it is to start after what did not complete: ${ends.join(", ")}; once that has, it starts`,
  };
}

function waiting({ namespace }: ContainerRecord, open: readonly string[], find: FindRecord): StartGate {
  const states = open.map((name) => `${namespace}/${name}, which is ${stateOf(find(name))}`);
  return { reason: "WaitingForDependency", message: `starts after ${states.join("; and ")}` };
}

function stateOf(record: ContainerRecord | undefined): string {
  if (record === undefined || record.spec === null) return "unknown";
  const { status, spec } = record;
  if (spec.desiredState === "Stopped") return "stopped (spec.desiredState)";
  const why = status.phase === "Running" || status.reason === undefined ? "" : ` (${status.reason})`;
  const end = status.expiresAt === undefined ? "" : ` until ${status.expiresAt} at the latest`;
  const start = status.queue?.eta === undefined ? "" : ` and should start at ${status.queue.eta}`;
  const never = spec.restartPolicy === "Always" ? " and never completes (restartPolicy is Always)" : "";
  return `${status.phase}${why}${end}${start}${never}`;
}

/** As `a after b after a`; of a long one its beginning. */
function describeCycle({ nodes, at }: Cycle): string {
  const ordered = [...nodes.slice(at), ...nodes.slice(0, at), ...nodes.slice(at, at + 1)];
  if (ordered.length <= 2 * shownOfCycle) return ordered.join(" after ");
  const more = `${ordered.length - shownOfCycle - 1} more`;
  return [...ordered.slice(0, shownOfCycle), more, ...ordered.slice(-1)].join(" after ");
}
