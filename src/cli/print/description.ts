import type { ContainerDescription, GpuDescription } from "../../api/description.ts";
import type { EventObject } from "../../api/event.ts";
import { renderProblem } from "../../api/problem.ts";
import { formatAge } from "../../util/duration.ts";
import { oneLine, plain, printable } from "../terminal.ts";
import type { Paint } from "../terminal.ts";
import { alignRows } from "./columns.ts";
import { renderFields } from "./fields.ts";
import type { Field } from "./fields.ts";
import { lastRunLines } from "./last-run.ts";
import { sourceText } from "./source-text.ts";

/** What a description is shown with. */
export interface DescriptionStyle {
  readonly nowMs: number;
  readonly paint: Paint;
}

/** A container in the order a person asks: what, why, what helps, from where, with what, what next, what was. */
export function renderContainerDescription(
  description: ContainerDescription,
  style: DescriptionStyle = { nowMs: 0, paint: plain },
): string {
  const { source, gpu } = description;
  const fields: Field[] = [
    ["Name", [description.name]],
    ["Namespace", [description.namespace]],
    ["Labels", Object.entries(description.labels).map(([name, value]) => `${name}=${value}`)],
    ["Phase", [phaseLine(description, style)], style.paint],
    ["Why", description.why],
    ["What helps", description.whatHelps === null ? [] : [description.whatHelps]],
    ["Rejected", rejectionLines(description)],
    ["Source", [sourceText(source)]],
    ["Container", containerLines(description)],
    ["Last run", lastRunLines(description.lastRun)],
    ["Idle", description.idle === undefined ? [] : [description.idle]],
    ["GPU", gpu === null ? [] : gpuLines(gpu)],
    ["Devices", gpu === null ? [] : judgedLines(gpu)],
    ["Containers", quotaLines(description)],
    ["Limits", limitLines(description)],
    ["Pending", pendingLines(description)],
  ];
  return [
    renderFields(fields),
    description.conditions.length === 0 ? "" : `Conditions:\n${conditionRows(description)}`,
    renderFields([["Next", [nextLine(description)]]]),
    renderEvents(description.events, style),
  ].join("");
}

/** The block `Events:` of every describe; oldest first, ages of the last occurrence. */
export function renderEvents(events: readonly EventObject[], style: DescriptionStyle): string {
  if (events.length === 0) return "Events:      none\n";
  const rows = events.map((event) => [
    `  ${formatAge(style.nowMs - Date.parse(event.lastTimestamp))}${event.count > 1 ? ` (x${event.count})` : ""}`,
    event.type,
    event.reason,
    oneLine(event.message),
  ]);
  return `Events:\n${alignRows(rows, style.paint)}`;
}

function phaseLine(description: ContainerDescription, style: DescriptionStyle): string {
  const { phase, phaseSince, restarts } = description;
  const since = `since ${formatAge(style.nowMs - Date.parse(phaseSince))}, ${phaseSince}`;
  return `${phase}   (${since}${restarts === 0 ? "" : `; restarts ${restarts}`})`;
}

function rejectionLines({ rejection, why }: ContainerDescription): string[] {
  if (rejection === null) return [];
  const { reason, message, problems } = rejection;
  // What the Why lines gave already is not told twice.
  const isTold = why.join("\n").includes(message);
  return [isTold ? reason : `${reason}: ${message}`, ...problems.map(renderProblem)];
}

function containerLines({ container }: ContainerDescription): string[] {
  if (container === null || container === undefined) return [];
  const facts = [
    container.name,
    container.id.slice(0, 12),
    `image ${container.image}`,
    ...(container.startedAt === undefined ? [] : [`started ${container.startedAt}`]),
    ...(container.finishedAt === undefined ? [] : [`finished ${container.finishedAt}`]),
    ...(container.exitCode === undefined ? [] : [`exit code ${container.exitCode}`]),
  ];
  return [facts.join(", ")];
}

function gpuLines(gpu: GpuDescription): string[] {
  const profile = gpu.profile === null ? "" : ` x ${gpu.profile}`;
  const requested = `requested ${gpu.requestedCount}${profile} (${equivalents(gpu.gpuEquivalents)} GPU-equivalents)`;
  const devices = gpu.devices.map(({ slot, uuid, profile, sharedBy, reason }) => {
    const shared =
      sharedBy === undefined ? undefined : `time slice, shared by up to ${sharedBy}, not isolated`;
    return [slot, uuid, profile, shared, reason].filter((word) => word !== undefined).join(" ");
  });
  return [`${requested}${gpu.quota === null ? "" : `; ${quotaText(gpu.quota)}`}`, ...devices];
}

/** One line a device: slot, what it is, what keeps it from the container. */
function judgedLines({ judged = [] }: GpuDescription): string[] {
  return alignRows(judged.map(({ slot, kind, why }) => [slot, kind, oneLine(why)]))
    .split("\n")
    .filter((line) => line !== "");
}

function quotaText(quota: NonNullable<GpuDescription["quota"]>): string {
  const usedBy = quota.usedBy.length === 0 ? "" : ` (${quota.usedBy.join(", ")})`;
  const nominal = quota.nominal === null ? "unlimited" : equivalents(quota.nominal);
  const left = quota.left === null ? "" : `, left ${equivalents(quota.left)}`;
  const place = quota.place === null ? "" : `   ${quota.place}`;
  return `quota ${nominal}, used ${equivalents(quota.used)}${usedBy}${left}${place}`;
}

function quotaLines({ containers, namespace }: ContainerDescription): string[] {
  if (containers === null) return [];
  const place = containers.place === null ? "" : `   ${containers.place}`;
  return [`${namespace} has ${containers.used} of ${containers.max}, left ${containers.left}${place}`];
}

const limitsWidth = 87;

function limitLines({ limits }: ContainerDescription): string[] {
  const lines: string[] = [];
  for (const limit of limits) {
    const text = `${limit.name} ${limit.value} (${limit.origin})`;
    const joined = `${lines.at(-1) ?? ""}  ${text}`;
    if (lines.length > 0 && joined.length <= limitsWidth) lines[lines.length - 1] = joined;
    else lines.push(text);
  }
  return lines;
}

function pendingLines({ pendingLimits = [] }: ContainerDescription): string[] {
  return pendingLimits.map(
    ({ name, value, wanted }) => `${name} is ${value}, ${wanted} from its next start on`,
  );
}

function conditionRows(description: ContainerDescription): string {
  const told = description.why.join("\n");
  const rows = description.conditions.map((condition) => [
    `  ${condition.type}`,
    condition.status,
    condition.reason,
    // A message that the Why lines gave already is not told twice.
    condition.status === "True" || told.includes(condition.message) ? "" : oneLine(condition.message),
  ]);
  return printable(alignRows(rows));
}

function nextLine({ next }: ContainerDescription): string {
  return next.at === null ? next.text : `${next.text} (${next.at})`;
}

/** GPU-equivalents with one to three decimals: `1.0`, `0.286`. */
export function equivalents(count: number): string {
  const rounded = Math.round(count * 1000) / 1000;
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}
