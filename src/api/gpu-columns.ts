import { formatBytes } from "../util/quantity.ts";
import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import { cutIntoSlices, type GpuSpec, type GpuStatus } from "./gpu.ts";
import type { ApiObject } from "./meta.ts";
import { untilText } from "./relative-time.ts";

export type GpuObject = ApiObject<GpuSpec, GpuStatus>;

/** What `ds01 get gpus` shows. */
export const gpuColumns: readonly Column<GpuObject>[] = [
  column({
    name: "Slot",
    format: "name",
    description: "Index of the GPU, and of the slice on it.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Model",
    description: "Model of the GPU, or MIG profile of the slice.",
    jsonPath: ".spec.model",
    cell: ({ spec }) => (spec === undefined ? null : modelCell(spec)),
  }),
  column({
    name: "Memory",
    description: "Memory of the device.",
    // Nobody tells the memory of other accelerators.
    cell: ({ spec }) =>
      spec === undefined ? null : spec.memoryBytes === 0 ? "-" : formatBytes(spec.memoryBytes),
  }),
  column({
    name: "State",
    description: "Whether it is free, and if not why.",
    jsonPath: ".status.state",
    cell: ({ status }) => (isCut(status) ? "(MIG)" : (status?.state ?? null)),
  }),
  column({
    name: "Holder",
    description: "The container that holds it, or whatever else keeps it from being free.",
    cell: ({ status }) => (status === undefined || isCut(status) ? "" : holderCell(status)),
  }),
  column({
    name: "Until",
    description: "When it is expected to be free.",
    jsonPath: ".status.until",
    cell: ({ status }, nowMs) => {
      const until = untilText(status?.until, nowMs);
      return until === null ? "" : `in ${until}`;
    },
  }),
  column({
    name: "Util",
    description: "Utilisation in percent.",
    cell: ({ status }) =>
      typeof status?.utilizationPercent === "number" ? `${status.utilizationPercent}%` : "-",
  }),
  column({
    name: "Reserved",
    description: "The reservation for which it is kept, and how long until then or how long still.",
    jsonPath: ".status.reservation.name",
    cell: ({ status }, nowMs) => reservationCell(status, nowMs),
  }),
  wideColumn({
    name: "Health",
    description: "How far it is to be trusted.",
    jsonPath: ".status.health.state",
    cell: ({ status }) => (status === undefined ? null : (status.health?.state ?? "Healthy")),
  }),
  wideColumn({
    name: "UUID",
    description: "UUID of the device.",
    jsonPath: ".spec.uuid",
    cell: ({ spec }) => spec?.uuid ?? null,
  }),
  wideColumn({
    name: "Profile",
    description: "MIG profile of a slice.",
    jsonPath: ".spec.profile",
    cell: ({ spec }) => spec?.profile ?? "-",
  }),
  wideColumn({
    name: "Placement",
    description: "Where on its card a slice is: first memory slice and number of them.",
    jsonPath: ".spec.placement",
    cell: ({ spec }) => spec?.placement ?? "-",
  }),
  wideColumn({
    name: "GPU-Equivalents",
    description: "What it counts against a quota.",
    jsonPath: ".spec.gpuEquivalents",
    cell: ({ spec }) =>
      typeof spec?.gpuEquivalents === "number" ? String(Number(spec.gpuEquivalents.toFixed(3))) : "-",
  }),
  wideColumn({
    name: "Capability",
    description: "CUDA compute capability.",
    jsonPath: ".spec.computeCapability",
    cell: ({ spec }) => spec?.computeCapability ?? "-",
  }),
  wideColumn({
    name: "Memory-Used",
    description: "Memory in use.",
    cell: ({ status }) =>
      typeof status?.memoryUsedBytes === "number" ? formatBytes(status.memoryUsedBytes) : "-",
  }),
];

/** A time slice says at a glance that it is not one's own. */
function modelCell({ profile, model, parent, sharing }: GpuSpec): string {
  if (sharing !== undefined && parent !== undefined) return `1 of ${sharing.replicas} time slices`;
  return profile ?? model;
}

function reservationCell(status: GpuStatus | undefined, nowMs: number): string {
  const { reservation } = status ?? {};
  if (reservation === undefined) return "";
  const isOpen = Date.parse(reservation.from) <= nowMs;
  if (isOpen) return `${reservation.name} (${untilText(reservation.until, nowMs) ?? ""} left)`;
  return `${reservation.name} (in ${untilText(reservation.from, nowMs) ?? ""})`;
}

/** Whoever uses it beside its holder is told as well: the holder wonders why it is slow. */
function holderCell({ holder, reason, foreign = [] }: GpuStatus): string {
  if (holder === null) return reason ?? "";
  return [`${holder.namespace}/${holder.name}`, ...foreign].join(" and ");
}

/** A card whose slices are handed out in place of itself. */
function isCut(status: GpuStatus | undefined): boolean {
  return status?.state === "Free" && status.reason === cutIntoSlices;
}
