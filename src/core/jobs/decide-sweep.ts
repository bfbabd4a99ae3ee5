import type { Phase } from "../../api/container.ts";
import { parseDuration } from "../../util/duration.ts";
import { updateConditions } from "../conditions.ts";
import type { Announcement, Decision } from "../decision.ts";
import { fileConditions, shownSource } from "../file-status.ts";
import { fact, type Fact } from "../lifecycle/fact.ts";
import { finishedHash } from "../lifecycle/finished-run.ts";
import type { LifecycleMemory } from "../lifecycle/memory.ts";
import { discard } from "../plan/plan.ts";
import type { Step } from "../plan/step.ts";
import type { ContainerRecord } from "../record.ts";
import {
  describeOverride,
  endOfOverride,
  overrideConditions,
  overrideStatus,
  type StopOverride,
} from "../stop-override.ts";
import type { World } from "../world.ts";
import { elementCounts, progressText, sweepProgress, type SweepProgress } from "./sweep-progress.ts";

/**
 * What is said of a sweep: how its elements stand, each of which is decided on for itself. It has no container; one
 * that it had when it was no sweep yet is discarded. Null for what is no sweep.
 */
export function decideSweep(
  world: World,
  now: number,
): { readonly decision: Decision; readonly steps: readonly Step[] } | null {
  const { record } = world;
  const progress = sweepProgress(record, world.elements ?? []);
  if (progress === null || record.spec === null) return null;
  const { state, shown } = stateOf(record, progress, world.stopOverride ?? null);
  const memory = memoryOf(record, { state, shown, progress }, now);
  const graceMs = parseDuration(record.spec.stopGracePeriod) ?? 30_000;
  const left = world.containers.filter(({ id }) => !world.stopping.has(id));
  const steps = discard(left, graceMs, "spec.replicas gives each element a container of its own");
  const isReady = progress.running === progress.total;
  const { accepted, blocked } = fileConditions(record);
  const ready = { type: "Ready", status: isReady, reason: shown.reason, message: shown.message };
  const conditions = [accepted, ...blocked, ...overrideConditions(world.stopOverride), ready];
  const decision: Decision = {
    steps: [],
    memory,
    status: {
      phase: state,
      reason: shown.reason,
      message: shown.message,
      observedGeneration: record.generation,
      conditions: updateConditions(record.status.conditions, conditions, {
        generation: record.generation,
        now,
      }),
      ...overrideStatus(world.stopOverride),
      gpus: [],
      restarts: 0,
      elements: elementCounts(progress),
      source: shownSource(record),
    },
    fact: shown,
    requeueAt: world.stopOverride == null ? null : endOfOverride(world.stopOverride),
    gone: false,
    announcements: announcementsOf(record, state, shown),
    reserve: null,
  };
  return { decision, steps };
}

function stateOf(
  { spec }: ContainerRecord,
  progress: SweepProgress,
  override: StopOverride | null,
): { readonly state: Phase; readonly shown: Fact } {
  const text = progressText(progress);
  if (progress.endedAt !== null) {
    const failed = progress.failed.length > 0;
    return failed
      ? { state: "Failed", shown: fact("job.failed", "ElementsFailed", text) }
      : { state: "Completed", shown: fact("job.succeeded", "Completed", `all ${progress.total} completed`) };
  }
  if (progress.running > 0) return { state: "Running", shown: fact("container.running", "Running", text) };
  if (override !== null) {
    const shown = fact("stopped.absent", "StopOverride", `${text}; ${describeOverride(override)}`);
    return { state: "Stopped", shown };
  }
  if (spec?.desiredState === "Stopped")
    return { state: "Stopped", shown: fact("stopped.absent", "SpecStopped", text) };
  const first = progress.waiting?.status;
  const why = first?.message === undefined ? "" : `; ${progress.waiting?.name ?? ""}: ${first.message}`;
  return { state: "Pending", shown: fact("waiting", first?.reason ?? "ElementsStarting", `${text}${why}`) };
}

function memoryOf(
  { memory, spec, generation }: ContainerRecord,
  {
    state,
    shown,
    progress,
  }: { readonly state: Phase; readonly shown: Fact; readonly progress: SweepProgress },
  now: number,
): LifecycleMemory {
  const finished =
    progress.endedAt === null || spec === null
      ? null
      : {
          specHash: finishedHash(spec),
          state: state === "Completed" ? ("Completed" as const) : ("Failed" as const),
          reason: shown.reason,
          message: shown.message,
          exitCode: null,
          at: progress.endedAt,
        };
  const since = memory.state === state ? memory.since : now;
  return { ...memory, state, since, generation, finished };
}

function announcementsOf(
  { memory, status }: ContainerRecord,
  state: Phase,
  { reason, message }: Fact,
): readonly Announcement[] {
  const isEnd = state === "Completed" || state === "Failed";
  if (!isEnd || (memory.state === state && status.reason === reason)) return [];
  return [{ type: state === "Completed" ? "Normal" : "Warning", reason, message }];
}
