import type {
  ContainerDescription,
  GpuDescription,
  JudgedDevice,
  LimitDescription,
} from "../api/description.ts";
import type { EventObject } from "../api/event.ts";
import { formatTime } from "../core/format-time.ts";
import type { HostView } from "../core/host-view.ts";
import { effectiveLimits } from "../core/quota/effective.ts";
import { ioRateText } from "../core/quota/block-io.ts";
import { memorySwapText } from "../core/quota/memory-swap.ts";
import type { EffectiveLimits, Origin, ResolvedQuota, Sourced } from "../core/quota/limits.ts";
import { ulimitText } from "../core/quota/ulimits.ts";
import { placeOf } from "../core/quota/resolve.ts";
import { overrideCondition } from "../core/stop-override.ts";
import { wantedDevices } from "../core/schedule/wanted-devices.ts";
import { requestedEquivalents } from "../core/quota/gpu-violations.ts";
import type { StepFailure } from "../core/lifecycle/memory.ts";
import { blocksType } from "../core/reservation/announce-block.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Inventory } from "../core/schedule/device.ts";
import type { ScheduleOutcome } from "../core/schedule/outcome.ts";
import { formatDuration } from "../util/duration.ts";
import { formatBytes } from "../util/quantity.ts";
import { shownSource } from "../core/file-status.ts";

/** What a description is made from; nothing is asked for. */
export interface DescribeInput {
  readonly record: ContainerRecord;
  readonly view: HostView;
  readonly inventory: Inventory;
  readonly events: readonly EventObject[];
  /** For how long nothing has gone on in it; null where nobody minds. */
  readonly idle: string | null;
}

/** Everything a person asks about one container, in the order they ask (UX). */
export function describeContainer(input: DescribeInput): ContainerDescription {
  const { record, view, events } = input;
  const { status, memory, rejection } = record;
  const outcome = view.outcomes.get(record.uid);
  return {
    namespace: record.namespace,
    name: record.name,
    labels: record.labels,
    phase: status.phase,
    phaseSince: formatTime(memory.since),
    why: whyLines(record),
    whatHelps: outcome?.type === "waiting" ? outcome.hint : null,
    source: shownSource(record),
    rejection:
      rejection === null
        ? null
        : { reason: rejection.reason, message: rejection.message, problems: rejection.problems },
    container: status.container ?? null,
    ...lastRunOf(record),
    restarts: status.restarts,
    ...(input.idle === null ? {} : { idle: input.idle }),
    gpu: gpuOf(input),
    containers: containersOf(input),
    limits: limitsOf(input),
    ...(status.pendingLimits === undefined ? {} : { pendingLimits: status.pendingLimits }),
    conditions: status.conditions,
    next: nextOf(record),
    events: events.slice(-10),
  };
}

function whyLines(record: ContainerRecord): string[] {
  const { status, rejection } = record;
  const lines: string[] = [];
  if (rejection !== null) {
    lines.push(`The file is not in effect: ${rejection.message}`);
    if (record.spec !== null) lines.push("The last good version of it goes on.");
  }
  if (status.message !== undefined && rejection === null) lines.push(...status.message.split("\n"));
  const override = status.conditions.find(({ type }) => type === overrideCondition)?.message;
  if (override !== undefined && !lines.some((line) => line.includes(override))) lines.push(override);
  const blocks = status.conditions.find(({ type }) => type === blocksType);
  if (blocks !== undefined) lines.push(blocks.message);
  // Place and expected start stand in the message.
  if (status.queue?.promised !== undefined) {
    lines.push(`Before, it was expected to start about ${status.queue.promised}.`);
  }
  return lines;
}

function lastRunOf({ status, memory }: ContainerRecord): Pick<ContainerDescription, "lastRun"> {
  if (status.lastRun === undefined) return {};
  const { lastRun, keptLog } = memory;
  const isOfIt = keptLog !== undefined && keptLog.finishedAt === lastRun?.finishedAt;
  const log = isOfIt ? { log: keptLog.text.split("\n").slice(0, -1) } : {};
  return { lastRun: { ...status.lastRun, ...log } };
}

function gpuOf({ record, view, inventory }: DescribeInput): GpuDescription | null {
  const request = record.spec === null ? undefined : wantedDevices(record.spec);
  if (request === undefined) return null;
  const quota = view.quotaOf(record.namespace);
  const usage = view.usage(record.namespace, null);
  const nominal = quota.gpuNominal.value;
  return {
    requestedCount: request.count,
    profile: request.profile ?? null,
    gpuEquivalents: requestedEquivalents(request, inventory.devices, quota),
    devices: record.status.gpus,
    ...judgedFor(view.outcomes.get(record.uid)),
    quota:
      quota.primary === null
        ? null
        : {
            name: quota.gpuNominal.origin.quota ?? quota.primary,
            nominal,
            used: usage.gpuEquivalents,
            left: nominal === null ? null : Math.max(0, nominal - usage.gpuEquivalents),
            usedBy: usage.holders.filter(({ gpuEquivalents }) => gpuEquivalents > 0).map(({ name }) => name),
            place: quota.gpuNominal.origin.place,
          },
  };
}

function judgedFor(outcome: ScheduleOutcome | undefined): Pick<GpuDescription, "judged"> {
  if (outcome?.type !== "waiting") return {};
  const judged = outcome.verdicts.map(({ device: { slot, profile, model }, why }): JudgedDevice => ({
    slot,
    kind: profile ?? model,
    why,
  }));
  return { judged };
}

function containersOf({ record, view }: DescribeInput): ContainerDescription["containers"] {
  const { value: max, origin } = view.quotaOf(record.namespace).maxContainers;
  if (max === null) return null;
  const used = view.usage(record.namespace, null).containers;
  return { used, max, left: Math.max(0, max - used), place: origin.place };
}

function limitsOf({ record, view }: DescribeInput): LimitDescription[] {
  if (record.spec === null) return [];
  const quota = view.quotaOf(record.namespace);
  const limits = effectiveLimits(record.spec, quota, (field) => placeOf(record.source, field));
  const row = <T>(name: string, limit: Sourced<T | null>, show: (value: T) => string, absent: string) => ({
    name,
    value: limit.value === null ? absent : show(limit.value),
    origin: originText(limit.origin),
  });
  return [
    row("cpus", limits.cpus, String, "unlimited"),
    row("memory", limits.memoryBytes, formatBytes, "unlimited"),
    ...(limits.memoryBytes.value === null ? [] : [memorySwapRow(limits)]),
    row("shmSize", limits.shmSizeBytes, formatBytes, "engine's default"),
    row("pidsLimit", limits.pidsLimit, String, "unlimited"),
    ...limits.ulimits.map((ulimit) => ({
      name: "ulimit",
      value: ulimitText(ulimit),
      origin: originText(ulimit.origin),
    })),
    ...(limits.io.weight.value === null ? [] : [row("io weight", limits.io.weight, String, "")]),
    ...limits.io.rates.map((rate) => ({
      name: "io",
      value: ioRateText(rate),
      origin: originText(rate.origin),
    })),
    ...together(quota).map(([name, limit, show]) => row(name, limit, show, "unlimited")),
    row("priority", limits.priority, String, ""),
    row("maxRuntime", limits.maxRuntimeMs, formatDuration, "never"),
    row("idleTimeout", limits.idleTimeoutMs, formatDuration, "never"),
    row("holdGpuAfterStop", limits.holdGpuAfterStopMs, formatDuration, "never"),
    row("removeAfterStop", limits.removeAfterStopMs, formatDuration, "never"),
  ];
}

function memorySwapRow({
  memoryBytes,
  memorySwapBytes: { value, origin },
}: EffectiveLimits): LimitDescription {
  return {
    name: "memorySwap",
    value: memorySwapText(value, memoryBytes.value),
    origin: originText(origin),
  };
}

/** What the user's containers may use together, where a quota says it. */
function together({
  aggregate,
}: ResolvedQuota): readonly (readonly [string, Sourced<number | null>, (value: number) => string])[] {
  const rows = [
    ["cpus of all containers", aggregate.cpus, String],
    ["memory of all containers", aggregate.memoryBytes, formatBytes],
    ["processes of all containers", aggregate.pids, String],
  ] as const;
  return rows.filter(([, { value }]) => value !== null);
}

function originText(origin: Origin): string {
  if (origin.from === "built-in") return "built-in";
  if (origin.from === "spec") return origin.place === null ? "spec" : `spec ${origin.place}`;
  return origin.place ?? `quota ${origin.quota ?? ""}`;
}

/** What happens next by itself. */
function nextOf({ status, memory, generation }: ContainerRecord): ContainerDescription["next"] {
  const { failure } = memory;
  if (failure !== null && failure.generation === generation && isWaitingFor(failure, status)) {
    return { text: `${failure.step} is tried again`, at: formatTime(failure.nextAt) };
  }
  if (status.nextStartAt !== undefined && status.reason === "GpuAccessLost") {
    return { text: "it is started again or replaced, to open its GPUs", at: status.nextStartAt };
  }
  if (status.nextStartAt !== undefined) return { text: "it is started again", at: status.nextStartAt };
  if (status.holdUntil !== undefined) return { text: "its GPU is released", at: status.holdUntil };
  if (status.removeAt !== undefined) return { text: "the container is removed", at: status.removeAt };
  if (status.override !== undefined)
    return { text: "its override ends, and what Git says holds again", at: status.override.until };
  if (status.expiresAt !== undefined) return { text: "it is stopped (maxRuntime)", at: status.expiresAt };
  if (status.queue !== undefined) {
    return {
      text: "it starts when a device is free; looked at with every change",
      at: status.queue.eta ?? null,
    };
  }
  return { text: "nothing to do; looked at with every change", at: null };
}

/** True when the status says that it waits for another try of that step, and there will be one by itself. */
function isWaitingFor(failure: StepFailure, { reason }: ContainerRecord["status"]): boolean {
  return reason === failure.reason && failure.nextAt < Number.MAX_SAFE_INTEGER;
}
