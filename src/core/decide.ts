import type { Phase } from "../api/container.ts";
import { fact, failureFact, type Fact } from "./lifecycle/fact.ts";
import type { LifecycleMemory, StepFailure } from "./lifecycle/memory.ts";
import type { LifecycleAction } from "./lifecycle/machine.ts";
import { decideSweep } from "./jobs/decide-sweep.ts";
import { heldChange } from "./lifecycle/held-start.ts";
import { failureInTheWay } from "./lifecycle/limits-action.ts";
import { isPutOff } from "./lifecycle/put-off.ts";
import { remember } from "./lifecycle/remember.ts";
import { logToKeep } from "./lifecycle/run-to-keep.ts";
import { deadlineOf, situationOf, type Situation } from "./lifecycle/situation.ts";
import { stepMachine } from "./lifecycle/step-machine.ts";
import type { ObservedContainer } from "./observed.ts";
import { isBeingStopped } from "./being-stopped.ts";
import { describeEmergencyStop } from "./emergency-stop.ts";
import type { Announcement, Decision } from "./decision.ts";
import { announce } from "./announce.ts";
import { deviceUuidsOf } from "./expiry.ts";
import { discard, plan } from "./plan/plan.ts";
import { isDestructive, type Step } from "./plan/step.ts";
import { isLive } from "./plan/roles.ts";
import { rejectedStatus, statusOf } from "./status.ts";
import { endOfOverride } from "./stop-override.ts";
import type { World } from "./world.ts";
import { parseDuration } from "../util/duration.ts";

/**
 * Decides what to do about one object, touching nothing: observation to fact, fact through the lifecycle machine,
 * action to steps. Equal inputs give equal decisions; on its own result it returns no steps (I6).
 */
export function decide(world: World, now: number): Decision {
  const { record } = world;
  if (record.deletion !== null) return decideDeletion(world, now, record.deletion.cause);
  if (record.spec === null) return decideRejected(world, now);
  const sweep = decideSweep(world, now);
  if (sweep !== null) return withSteps(world, sweep, now);
  const situation = situationOf(world, record.spec, now);
  const wanted = stepMachine(situation);
  const planned = permitted(world, plan(wanted, situation));
  const withheld = withheldBy(
    world,
    failureBefore(situation, wanted.action),
    { steps: planned, fact: wanted.fact },
    now,
  );
  const steps = withheld === null ? planned : [];
  const stepped =
    withheld === null ? wanted : { ...wanted, state: wanted.resting, fact: withheld, action: null };
  const memory = remember(situation, stepped);
  return {
    steps,
    memory,
    status: statusOf(situation, memory, stepped.fact),
    fact: stepped.fact,
    requeueAt: nextLookAt(situation, stepped.fact),
    gone: false,
    announcements: announce(situation, memory, stepped.fact),
    reserve: reservation(world, steps),
    ...keepingLog(situation, stepped.fact),
  };
}

/** What a sweep has left from before is ended as anything is. */
function withSteps(
  world: World,
  { decision, steps }: { readonly decision: Decision; readonly steps: readonly Step[] },
  now: number,
): Decision {
  const planned = permitted(world, steps);
  const { fact: shown } = decision;
  const withheld = withheldBy(world, world.record.memory.failure, { steps: planned, fact: shown }, now);
  return withheld === null ? { ...decision, steps: planned } : { ...decision, requeueAt: withheld.at };
}

function keepingLog(situation: Situation, decided: Fact): Pick<Decision, "keepLog"> {
  const keepLog = logToKeep(situation, decided);
  return keepLog === null ? {} : { keepLog };
}

/**
 * In an emergency an admin's word stops things, not the source: only stops are carried out before that was read
 * completely, as what it says might keep the rest.
 */
function permitted(world: World, steps: readonly Step[]): readonly Step[] {
  if (world.sourceSynced || world.emergencyStop == null || !steps.some(({ do: kind }) => kind === "stop"))
    return steps;
  return steps.filter(({ do: kind }) => kind === "stop");
}

/**
 * The fact to wait with when steps must not be carried out now; null when they may. Nothing that ends something
 * before the source was read completely (I5) but in an emergency, and nothing again that failed before its time has
 * come.
 */
function withheldBy(
  world: World,
  failure: StepFailure | null,
  planned: { readonly steps: readonly Step[]; readonly fact: Fact },
  now: number,
): Fact | null {
  const { steps } = planned;
  if (steps.length === 0) return null;
  if (!world.engineReady || (!world.sourceSynced && steps.some(isFrozen(world)))) return planned.fact;
  const held = heldChange(world, planned);
  if (held !== null) return held;
  const again = failure !== null && isPutOff(failure, now) && steps.some((step) => isSameTry(step, failure));
  return again ? failureFact(failure) : null;
}

/** Other files are another build, which may go well at once. */
function isSameTry(step: Step, { step: failed, subject }: StepFailure): boolean {
  return step.do === failed && (step.do !== "build" || step.image === subject);
}

function isFrozen({ emergencyStop }: World): (step: Step) => boolean {
  return (step) => isDestructive(step) && (step.do !== "stop" || emergencyStop == null);
}

/** That the new container did not start is why the old one is started again: it keeps nobody from that. */
function failureBefore({ memory }: Situation, action: LifecycleAction | null): StepFailure | null {
  return action === "rollBack" && memory.failure?.step === "start" ? null : failureInTheWay(memory);
}

/** When to look again: whatever is waited for, maxRuntime ends what runs meanwhile. */
function nextLookAt(situation: Situation, { at }: Fact): number | null {
  const deadline = deadlineOf(situation);
  const ends = deadline !== null && deadline > situation.now ? deadline : Infinity;
  const { stopOverride } = situation.world;
  const overrideEnds = stopOverride == null ? Infinity : endOfOverride(stopOverride);
  const next = Math.min(at ?? Infinity, ends, overrideEnds, situation.limitsAction?.retryAt ?? Infinity);
  // A step that never mends is due at the end of time.
  return next < Number.MAX_SAFE_INTEGER ? next : null;
}

/** UUIDs that the steps take: those of containers that are created or started. */
function reservation({ containers }: World, steps: readonly Step[]): readonly string[] | null {
  const taking = steps.flatMap((step): readonly Pick<ObservedContainer, "labels">[] => {
    if (step.do === "create") return [step.container];
    return step.do === "start" ? containers.filter(({ id }) => id === step.id) : [];
  });
  return taking.length === 0 ? null : [...new Set(taking.flatMap(deviceUuidsOf))];
}

/** The file is gone and the guard has let the deletion through: stop, remove, forget. */
function decideDeletion(world: World, now: number, cause: string): Decision {
  const { record } = world;
  const memory: LifecycleMemory = {
    ...record.memory,
    state: "Removing",
    since: record.memory.state === "Removing" ? record.memory.since : now,
    stopCause: "SpecDeleted",
  };
  const idle = world.containers.filter((container) => !isBeingStopped(world, container));
  const usualGraceMs = parseDuration(record.spec?.stopGracePeriod ?? "") ?? 30_000;
  const graceMs = world.emergencyStop == null ? usualGraceMs : 0;
  const left = world.containers.length > 0;
  const deleted = fact(left ? "spec.deleted" : "spec.vanished", "SpecDeleted", cause);
  const planned = permitted(world, discard(idle, graceMs, cause));
  const withheld = withheldBy(world, record.memory.failure, { steps: planned, fact: deleted }, now);
  const shown = withheld ?? deleted;
  return {
    steps: withheld === null ? planned : [],
    memory,
    status: { ...record.status, phase: "Removing", reason: shown.reason, message: shown.message },
    fact: shown,
    requeueAt: shown.at,
    gone: world.engineReady && world.sourceSynced && world.containers.length === 0,
    announcements: [],
    reserve: null,
  };
}

/**
 * No version of the file ever parsed: nothing is started, and what runs (after a lost store) is left alone but in an
 * emergency.
 */
function decideRejected(world: World, now: number): Decision {
  const { record } = world;
  const live = world.containers.find(isLive);
  const state: Phase = live === undefined ? "Failed" : "Running";
  const since = record.memory.state === state ? record.memory.since : now;
  const rejected = fact(
    "spec.rejected",
    record.rejection?.reason ?? "SpecInvalid",
    record.rejection?.message ?? "the file is not a valid spec",
  );
  const announcements: readonly Announcement[] =
    record.status.reason === rejected.reason && record.status.message === rejected.message
      ? []
      : [{ type: "Warning", reason: rejected.reason, message: rejected.message }];
  const stops = emergencyStops(world);
  const withheld = withheldBy(world, record.memory.failure, { steps: stops, fact: rejected }, now);
  const steps = withheld === null ? stops : [];
  return {
    steps,
    // It runs again when its file is mended and the emergency is over.
    memory: { ...record.memory, state, since, ...(steps.length === 0 ? {} : { stopCause: "EmergencyStop" }) },
    status: rejectedStatus(world, state, rejected, now),
    fact: rejected,
    requeueAt: withheld?.at ?? null,
    gone: false,
    announcements,
    reserve: null,
  };
}

/** Ends at once whatever lives of an object, where an admin has said so. */
function emergencyStops(world: World): readonly Step[] {
  if (world.emergencyStop == null) return [];
  const live = world.containers.filter((container) => isLive(container) && !isBeingStopped(world, container));
  return discard(live, 0, describeEmergencyStop(world.emergencyStop));
}
