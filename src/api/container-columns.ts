import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { ContainerSpecSpec, ContainerStatus } from "./container.ts";
import type { ApiObject } from "./meta.ts";
import { ageText, untilText } from "./relative-time.ts";

export type ContainerObject = ApiObject<ContainerSpecSpec, ContainerStatus>;

/** What `ds01 get containers` shows. */
export const containerColumns: readonly Column<ContainerObject>[] = [
  column({
    name: "Name",
    format: "name",
    description: "Name of the object.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Phase",
    description: "One word for what it does now.",
    jsonPath: ".status.phase",
    cell: ({ status }) => status?.phase ?? "Pending",
  }),
  column({
    name: "GPU",
    description: "Slots of the GPUs it holds.",
    jsonPath: ".status.gpus[*].slot",
    cell: ({ status }) => status?.gpus.map(({ slot }) => slot).join(",") || "-",
  }),
  column({
    name: "Restarts",
    type: "integer",
    description: "How often ds01 started it again.",
    jsonPath: ".status.restarts",
    cell: ({ status }) => status?.restarts ?? 0,
  }),
  column({
    name: "Age",
    type: "date",
    description: "Since when the object exists.",
    jsonPath: ".metadata.creationTimestamp",
    cell: ({ metadata }, nowMs) => ageText(metadata.creationTimestamp, nowMs),
  }),
  column({
    name: "Reason",
    description: "Why it is in this phase, and what happens next.",
    jsonPath: ".status.reason",
    cell: ({ status }, nowMs) => (status === undefined ? "" : reasonText(status, nowMs)),
  }),
  wideColumn({
    name: "Image",
    description: "Image of the spec.",
    jsonPath: ".spec.image",
    cell: ({ spec }) => spec?.image ?? (spec?.build === undefined ? null : `(build ${spec.build.context})`),
  }),
  wideColumn({
    name: "Container",
    description: "Name in Docker.",
    jsonPath: ".status.container.name",
    cell: ({ status }) => status?.container?.name ?? null,
  }),
  wideColumn({
    name: "Idle",
    type: "date",
    description: "For how long nothing has gone on in it.",
    jsonPath: ".status.idleSince",
    cell: ({ status }, nowMs) => (status?.idleSince === undefined ? null : ageText(status.idleSince, nowMs)),
  }),
  wideColumn({
    name: "Pending Limits",
    description: "Limits that apply at its next start: what it has now, and what is wanted.",
    jsonPath: ".status.pendingLimits[*].name",
    cell: ({ status }) =>
      status?.pendingLimits?.map(({ name, value, wanted }) => `${name} ${value} -> ${wanted}`).join(", ") ??
      null,
  }),
  wideColumn({
    name: "Source",
    description: "The file it comes from.",
    jsonPath: ".status.source.path",
    cell: ({ status }) => status?.source.path ?? null,
  }),
];

const messageLengthMax = 60;

function reasonText(status: ContainerStatus, nowMs: number): string {
  const { reason = "", message = "" } = status;
  if (status.queue !== undefined) return `${reason}: ${queueText(status.queue, nowMs)}`;
  if (status.override !== undefined && reason === "StopOverride") return overrideText(status, nowMs);
  const place = /\S+:\d+:\d+/.exec(message)?.[0];
  if (place !== undefined && reason !== "") {
    return `${reason}: ${place}${message.endsWith("(last good kept)") ? " (last good kept)" : ""}`;
  }
  const said = message !== "" && message.length <= messageLengthMax ? message : reason;
  const next = nextText(status, nowMs);
  return [said, next].filter((part) => part !== "").join("; ");
}

function overrideText(status: ContainerStatus, nowMs: number): string {
  const { by = "", until } = status.override ?? {};
  const left = untilText(until, nowMs);
  const said = `StopOverride by ${by}${left === null ? "" : `, ${left} more`}`;
  const next = nextText(status, nowMs);
  return next === "" ? said : `${said}; ${next}`;
}

function nextText(status: ContainerStatus, nowMs: number): string {
  const nextStart = status.phase === "Backoff" ? untilText(status.nextStartAt, nowMs) : null;
  if (nextStart !== null) return `next start in ${nextStart}`;
  const hold = status.phase === "Held" ? untilText(status.holdUntil, nowMs) : null;
  if (hold !== null) return `GPU kept ${hold} more`;
  const removal = status.phase === "Released" ? untilText(status.removeAt, nowMs) : null;
  return removal === null ? "" : `removed in ${removal}`;
}

function queueText(queue: NonNullable<ContainerStatus["queue"]>, nowMs: number): string {
  const eta = untilText(queue.eta, nowMs);
  return `${ordinal(queue.position)} of ${queue.of}${eta === null ? "" : `, in about ${eta}`}`;
}

const suffixes = { one: "st", two: "nd", few: "rd" } as Readonly<Record<string, string>>;
let ordinals: Intl.PluralRules | undefined;

function ordinal(position: number): string {
  // Making these rules takes longer than the rest of a row.
  ordinals ??= new Intl.PluralRules("en", { type: "ordinal" });
  return `${position}${suffixes[ordinals.select(position)] ?? "th"}`;
}
