import type { ContainerStatus, Phase } from "../api/container.ts";
import { accessCondition } from "./announce-access.ts";
import { updateConditions, type ConditionInput } from "./conditions.ts";
import { extrasCondition } from "./extra-containers.ts";
import { limitsCondition, pendingFields } from "./pending-status.ts";
import { statusDeadlines } from "./status-deadlines.ts";
import { queueStatus } from "./queue-status.ts";
import { formatTime } from "./format-time.ts";
import { describeAccessLoss, describeAccessRemedy, type LostAccess } from "./gpu-access.ts";
import { deviceGone } from "./lifecycle/device-gone.ts";
import { fileConditions, shownSource } from "./file-status.ts";
import type { Fact } from "./lifecycle/fact.ts";
import { describeNotice } from "./lifecycle/preemption-notice.ts";
import { idleCondition } from "./lifecycle/idle-end.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import { runtimeCondition } from "./lifecycle/runtime-warning.ts";
import type { Situation } from "./lifecycle/situation.ts";
import type { ObservedContainer } from "./observed.ts";
import { lastRunStatus } from "./last-run-status.ts";
import { nameConflict } from "./name-conflict.ts";
import { isLive } from "./plan/roles.ts";
import { overrideConditions, overrideReason, overrideStatus } from "./stop-override.ts";
import { blocksCondition } from "./reservation/announce-block.ts";
import { kindNoun, wantedDevices } from "./schedule/wanted-devices.ts";
import type { World } from "./world.ts";

/** The status a person sees, computed in one place from the decision. */
export function statusOf(situation: Situation, memory: LifecycleMemory, fact: Fact): ContainerStatus {
  const { world, now } = situation;
  const { record } = world;
  if (fact.type === "engine.unreachable") return unreachableStatus(situation, fact);
  const primary = situation.roles.primary;
  const shown = shownReason(situation, fact);
  const outcome = world.schedule;
  return {
    phase: memory.state,
    ...shown,
    observedGeneration: record.generation,
    conditions: updateConditions(record.status.conditions, conditionsOf(situation, memory, fact), {
      generation: record.generation,
      now,
    }),
    ...(primary === null ? {} : { container: containerStatus(primary) }),
    gpus: heldDevices(situation, fact),
    restarts: memory.restarts,
    ...lastRunStatus(memory, situation.specHash),
    ...pendingFields(situation),
    ...statusDeadlines(situation, memory, fact),
    ...(world.borrowing ? { borrowing: true } : {}),
    ...(outcome?.type === "waiting" && fact.type === "waiting"
      ? { queue: queueStatus(outcome, record.status.queue) }
      : {}),
    ...overrideStatus(world.stopOverride),
    source: shownSource(world.record),
  };
}

/** Status of an object none of whose versions ever parsed. */
export function rejectedStatus(world: World, phase: Phase, fact: Fact, now: number): ContainerStatus {
  const { record } = world;
  const conditions: ConditionInput[] = [
    { type: "Accepted", status: false, reason: fact.reason, message: fact.message },
    { type: "Ready", status: false, reason: fact.reason, message: fact.message },
  ];
  return {
    phase,
    reason: fact.reason,
    message: fact.message,
    observedGeneration: record.generation,
    conditions: updateConditions(record.status.conditions, conditions, {
      generation: record.generation,
      now,
    }),
    gpus: [],
    restarts: record.memory.restarts,
    source: shownSource(world.record),
  };
}

/**
 * Only the file is known; everything else was seen last before the engine went away. The phase stays that of the spec
 * it was told of, and so does `observedGeneration`: who waits for the phase of an edit is not to be told the one before.
 */
function unreachableStatus({ world, now }: Situation, fact: Fact): ContainerStatus {
  const { record } = world;
  const { status, generation } = record;
  const before = status.conditions.map(({ type }) => type);
  const types = new Set(["Accepted", ...before.filter((type) => type !== "Ready"), "Ready"]);
  const inputs = [...types].map((type): ConditionInput =>
    type === "Accepted"
      ? fileConditions(record).accepted
      : { type, status: null, reason: fact.reason, message: fact.message },
  );
  return {
    ...status,
    reason: fact.reason,
    message: `${fact.message}; what runs goes on`,
    conditions: updateConditions(status.conditions, inputs, { generation, now }),
    source: shownSource(world.record),
  };
}

/** The reason column: what went wrong with the file comes first, then why it is not running. */
function shownReason(situation: Situation, fact: Fact): { reason?: string; message?: string } {
  const { rejection, pruneBlocked } = situation.world.record;
  if (rejection !== null)
    return { reason: rejection.reason, message: `${rejection.message} (last good kept)` };
  if (pruneBlocked !== null) return { reason: pruneBlocked.reason, message: pruneBlocked.message };
  if (fact.type === "container.running" && isReady(situation, fact)) {
    const gone = deviceGone(situation);
    if (gone !== null) return { reason: "DeviceGone", message: gone };
    return misnamed(situation);
  }
  return overrideReason(situation.world.stopOverride, fact) ?? { reason: fact.reason, message: fact.message };
}

/** It runs under another name for as long as somebody has its own. */
function misnamed({ world, roles }: Situation): { reason?: string; message?: string } {
  const conflict = nameConflict(world);
  if (conflict === null || roles.primary === null) return {};
  return { reason: "NameInUse", message: `runs as ${roles.primary.name}; ${conflict}` };
}

function conditionsOf(situation: Situation, memory: LifecycleMemory, fact: Fact): ConditionInput[] {
  const { world, admission, roles, devices } = situation;
  const { accepted, blocked } = fileConditions(world.record);
  const quota: ConditionInput =
    admission.type === "admitted"
      ? withinQuota(world)
      : { type: "QuotaReserved", status: false, reason: admission.reason, message: admission.message };
  const inputs = [accepted, quota, gpuCondition(situation, devices), imageCondition(situation)];
  inputs.push(...limitsCondition(situation), ...extrasCondition(situation));
  inputs.push(...blocked, ...blocksCondition(world), ...overrideConditions(world.stopOverride));
  if (situation.access !== null) inputs.push(lostAccessCondition(situation.access, situation.now));
  if (memory.state === "Degraded") {
    inputs.push({ type: "Degraded", status: true, reason: fact.reason, message: fact.message });
  }
  if (world.preemption !== null && roles.primary !== null && isLive(roles.primary)) {
    const { at } = world.preemption;
    const message = `at ${formatTime(at)} it ${describeNotice(situation, world.preemption)}`;
    inputs.push({ type: "DisruptionTarget", status: true, reason: "Preemption", message });
  }
  inputs.push(...runtimeCondition(situation), ...idleCondition(situation), readyCondition(situation, fact));
  return inputs;
}

function withinQuota({ borrowing, quota }: World): ConditionInput {
  const type = "QuotaReserved";
  if (!borrowing) return { type, status: true, reason: "WithinQuota", message: "within quota and policy" };
  const { place } = quota.gpuNominal.origin;
  const where = place === null ? "" : ` (${place})`;
  const message = `its GPUs are beyond the quota of ${quota.user}${where}: it gives way when others ask for what is theirs`;
  return { type, status: true, reason: "Borrowing", message };
}

function gpuCondition(situation: Situation, devices: Situation["devices"]): ConditionInput {
  const { spec, world } = situation;
  const type = "GpuAllocated";
  const wanted = wantedDevices(spec);
  if (wanted === undefined) {
    return { type, status: true, reason: "NotRequested", message: "no GPU asked for; none is visible" };
  }
  const gone = deviceGone(situation);
  if (gone !== null) return { type, status: false, reason: "DeviceGone", message: gone };
  if (devices !== null && world.claim !== null) {
    const names = devices.map((device) => device.slot).join(", ");
    return {
      type,
      status: true,
      reason: world.claim.state,
      message: `${kindNoun(wanted.kind, wanted.kind === undefined ? 1 : devices.length)} ${names}`,
    };
  }
  const outcome = world.schedule;
  if (outcome?.type === "waiting")
    return { type, status: false, reason: outcome.reason, message: outcome.message };
  if (devices !== null) return { type, status: true, reason: "Assigned", message: "devices are reserved" };
  return { type, status: false, reason: "NotAllocated", message: "no devices held" };
}

function imageCondition({ world, roles, memory }: Situation): ConditionInput {
  const type = "ImageReady";
  const name = world.imageReference ?? "the image";
  if (world.image.type === "present" || roles.primary !== null) {
    return { type, status: true, reason: "Present", message: name };
  }
  if (world.image.type === "pulling") {
    return { type, status: false, reason: "PullingImage", message: `pulling ${name}` };
  }
  if (world.image.type === "building") {
    return { type, status: false, reason: "BuildingImage", message: `building ${name}` };
  }
  if (memory.failure?.step === "pull" || memory.failure?.step === "build") {
    return { type, status: false, reason: memory.failure.reason, message: memory.failure.message };
  }
  return { type, status: false, reason: "ImageNotPresent", message: `${name} is not on this host` };
}

function lostAccessCondition(access: LostAccess, now: number): ConditionInput {
  const message = `${describeAccessLoss(access.loss)}; ${describeAccessRemedy(access, now)}`;
  return { type: accessCondition, status: false, reason: "GpuAccessLost", message };
}

function isReady({ roles, access }: Situation, fact: Fact): boolean {
  const { primary } = roles;
  return (
    fact.type === "container.running" &&
    access === null &&
    primary !== null &&
    primary.state === "running" &&
    (primary.health === null || primary.health === "healthy")
  );
}

function readyCondition(situation: Situation, fact: Fact): ConditionInput {
  const type = "Ready";
  if (isReady(situation, fact))
    return { type, status: true, reason: "Running", message: "running as declared" };
  if (situation.access !== null) return { ...lostAccessCondition(situation.access, situation.now), type };
  const { primary } = situation.roles;
  if (fact.type === "container.running" && primary?.health !== undefined && primary.health !== null) {
    const reason = primary.health === "unhealthy" ? "Unhealthy" : "HealthStarting";
    return { type, status: false, reason, message: `its health check says ${primary.health}` };
  }
  return { type, status: false, reason: fact.reason, message: fact.message };
}

function containerStatus(container: ObservedContainer): NonNullable<ContainerStatus["container"]> {
  const ended = !isLive(container) && container.startedAt !== null;
  return {
    id: container.id,
    name: container.name,
    image: container.config.image,
    ...(container.startedAt === null ? {} : { startedAt: formatTime(container.startedAt) }),
    ...(ended && container.finishedAt !== null ? { finishedAt: formatTime(container.finishedAt) } : {}),
    ...(ended && container.exitCode !== null ? { exitCode: container.exitCode } : {}),
  };
}

/** Devices shown as held: those of the claim, by their slots. */
function heldDevices({ world }: Situation, fact: Fact): ContainerStatus["gpus"] {
  if (world.claim === null || fact.type === "stopped.released") return [];
  const gone = world.claim.gone ?? [];
  return world.claim.deviceUuids.map((uuid) => {
    const given = gone.find((one) => one.uuid === uuid);
    if (given !== undefined) {
      const profile = given.profile === null ? {} : { profile: given.profile };
      return { uuid, slot: given.slot, ...profile, reason: "DeviceGone" };
    }
    const device = world.devices.find((candidate) => candidate.uuid === uuid);
    if (device === undefined) return { uuid, slot: "?" };
    return {
      uuid,
      slot: device.slot,
      ...(device.profile === null ? {} : { profile: device.profile }),
      ...(device.sharing === undefined ? {} : { sharedBy: device.sharing.replicas }),
    };
  });
}
