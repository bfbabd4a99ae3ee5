import type { EventObject } from "../../api/event.ts";
import type { GpuSpec, GpuStatus } from "../../api/gpu.ts";
import type { ApiObject } from "../../api/meta.ts";
import type { GpuDetails } from "../../api/gpu-answers.ts";
import { formatBytes } from "../../util/quantity.ts";
import { renderEvents } from "./description.ts";
import type { DescriptionStyle } from "./description.ts";
import { renderFields } from "./fields.ts";
import type { Field } from "./fields.ts";
import { renderGpuDetails } from "./gpu-details.ts";

/** What belongs to a GPU beside the object itself. */
export interface GpuSurroundings {
  readonly details: GpuDetails;
  /** Oldest first. */
  readonly events: readonly EventObject[];
}

/** A GPU or slice: state, holder, until when, what it is, processes, links, what waits for it, recent events. */
export function renderGpu(
  gpu: GpuObject,
  { details, events }: GpuSurroundings,
  style: DescriptionStyle,
): string {
  return (
    renderFields([...stateFields(gpu, details, style), ...deviceFields(gpu)]) +
    renderGpuDetails(details) +
    renderEvents(events.slice(-10), style)
  );
}

type GpuObject = ApiObject<GpuSpec, GpuStatus>;

function stateFields(
  { metadata, status }: GpuObject,
  { untilCause }: GpuDetails,
  style: DescriptionStyle,
): readonly Field[] {
  const holder = status?.holder ?? null;
  const utilisation = status?.utilizationPercent ?? null;
  return [
    ["Slot", [metadata.name]],
    ["State", [status?.state ?? "Unknown"], style.paint],
    ["Why", listed(status?.reason)],
    ["Cordoned", cordonLines(status)],
    ["Health", healthLines(status)],
    ["Holder", holder === null ? [] : [`${holder.namespace}/${holder.name}`]],
    ["Used by", status?.foreign ?? []],
    [
      "Until",
      listed(status?.until).map((until) => (untilCause === null ? until : `${until} (${untilCause})`)),
    ],
    ["Utilisation", utilisation === null ? [] : [`${utilisation}%`]],
  ];
}

function healthLines(status: GpuStatus | undefined): readonly string[] {
  const { health } = status ?? {};
  if (health === undefined) return [];
  const test = health.retestAt === undefined ? [] : [`next test ${health.retestAt}`];
  return [`${health.state} since ${health.since}`, ...health.signals, ...test];
}

function cordonLines(status: GpuStatus | undefined): readonly string[] {
  const { cordon } = status ?? {};
  if (cordon === undefined) return [];
  const reason = cordon.reason === undefined ? "" : `: ${cordon.reason}`;
  return [`by ${cordon.by} since ${cordon.since} (gpu/${cordon.gpu})${reason}`];
}

function deviceFields({ spec, status }: GpuObject): readonly Field[] {
  if (spec === undefined) return [];
  return [
    ["Model", [spec.model]],
    ["Profile", listed(spec.profile)],
    ["UUID", [spec.uuid]],
    ["Part of", listed(spec.parent)],
    ["Placement", listed(placementText(spec))],
    ["Shared", listed(sharingText(spec))],
    ["Room for", status?.room ?? []],
    ["Index", [String(spec.index)]],
    ["Memory", [memoryText(spec, status)]],
    ["Capability", listed(spec.computeCapability)],
    ["Counts as", [`${Number(spec.gpuEquivalents.toFixed(3))} GPU-equivalents`]],
  ];
}

function sharingText({ sharing }: GpuSpec): string | null {
  if (sharing === undefined) return null;
  return `by up to ${sharing.replicas} containers at a time; nothing isolates them: each sees all memory and may take it`;
}

/** `4:2 (memory slices 4 to 5), GPU instance 3`. */
function placementText({ placement, gpuInstance }: GpuSpec): string | null {
  if (placement === undefined) return null;
  const [start = 0, size = 1] = placement.split(":").map(Number);
  const covered = size === 1 ? `memory slice ${start}` : `memory slices ${start} to ${start + size - 1}`;
  return `${placement} (${covered})${gpuInstance === undefined ? "" : `, GPU instance ${gpuInstance}`}`;
}

function memoryText(spec: GpuSpec, status: GpuStatus | undefined): string {
  const used = status?.memoryUsedBytes;
  return `${formatBytes(spec.memoryBytes)}${typeof used === "number" ? `, used ${formatBytes(used)}` : ""}`;
}

function listed(text: string | null | undefined): readonly string[] {
  return text === null || text === undefined ? [] : [text];
}
