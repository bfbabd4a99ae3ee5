import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { ApiObject } from "./meta.ts";
import { ageText, untilText } from "./relative-time.ts";
import type { ReservationSpecSpec, ReservationStatus } from "./reservation.ts";
import { subjectsText } from "./subjects-text.ts";

export type ReservationObject = ApiObject<ReservationSpecSpec, ReservationStatus>;

/** What `ds01 get reservations` shows. */
export const reservationColumns: readonly Column<ReservationObject>[] = [
  column({
    name: "Name",
    format: "name",
    description: "Name of the object.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "For",
    description: "Users and @groups who may use the GPUs in the window.",
    cell: ({ spec }) => (spec === undefined ? null : subjectsText(spec.subjects)),
  }),
  column({
    name: "Reserved",
    description: "Which devices it names, or how many.",
    cell: ({ spec }) => (spec === undefined ? null : reservedText(spec)),
  }),
  column({
    name: "When",
    description: "Its window, once or every week.",
    cell: ({ spec }) => (spec === undefined ? null : whenText(spec)),
  }),
  column({
    name: "State",
    description: "Whether its window is yet to come, is now, or will not come again.",
    jsonPath: ".status.state",
    cell: ({ status }) => status?.state ?? null,
  }),
  column({
    name: "Next",
    description: "How long until the window begins, or is open still.",
    cell: ({ status }, nowMs) => nextText(status, nowMs),
  }),
  column({
    name: "Kept",
    description: "Slots of the devices that are kept for the window as things are now.",
    cell: ({ status }) => slotsText(status),
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
    description: "What keeps it from being in effect or whole; empty when nothing does.",
    cell: ({ status }) => {
      const failed = status?.conditions.find(({ status: value }) => value === "False");
      return failed?.reason ?? "";
    },
  }),
  wideColumn({
    name: "From",
    description: "When the window begins.",
    jsonPath: ".status.window.from",
    cell: ({ status }) => status?.window?.from ?? "-",
  }),
  wideColumn({
    name: "Until",
    description: "When the window ends.",
    jsonPath: ".status.window.until",
    cell: ({ status }) => status?.window?.until ?? "-",
  }),
  wideColumn({
    name: "At-Risk",
    description: "Who holds a kept device beyond the beginning of the window.",
    cell: ({ status }) => {
      const holders = (status?.atRisk ?? []).map(({ slot, holder }) => `${slot} ${holder}`);
      return holders.length === 0 ? "-" : holders.join(", ");
    },
  }),
  wideColumn({
    name: "Source",
    description: "The file it comes from.",
    jsonPath: ".status.source.path",
    cell: ({ status }) => status?.source.path ?? null,
  }),
];

/** `GPU 0,1`, `2 GPUs`, `2 x 1g.10gb`, `1.5 GPU-equivalents`. */
export function reservedText({ devices, gpus }: ReservationSpecSpec): string {
  if (devices !== undefined) return `GPU ${devices.join(",")}`;
  const models = gpus?.models === undefined ? "" : ` ${gpus.models.join("|")}`;
  if (gpus?.equivalents !== undefined) {
    return `${gpus.equivalents} GPU-equivalents${gpus.profile === undefined ? "" : ` of ${gpus.profile}`}${models}`;
  }
  const count = gpus?.count ?? 0;
  if (gpus?.profile !== undefined) return `${count} x ${gpus.profile}${models}`;
  return `${count} GPU${count === 1 ? "" : "s"}${models}`;
}

/** `Mon,Thu 14:00-16:00 Europe/Berlin`, or the two times. */
export function whenText({ start, end, weekly }: ReservationSpecSpec): string {
  if (weekly === undefined) return `${start ?? ""} to ${end ?? ""}`;
  const days = weekly.days.map((day) => day.slice(0, 3)).join(",");
  return `${days} ${weekly.from}-${weekly.to} ${weekly.timeZone}`;
}

function nextText(status: ReservationStatus | undefined, nowMs: number): string {
  if (status?.window === undefined) return "-";
  const { from, until } = status.window;
  if (Date.parse(from) > nowMs) return `in ${untilText(from, nowMs) ?? ""}`;
  return `${untilText(until, nowMs) ?? ""} left`;
}

function slotsText(status: ReservationStatus | undefined): string {
  const slots = (status?.devices ?? []).map(({ slot }) => slot);
  return slots.length === 0 ? "-" : slots.join(",");
}
