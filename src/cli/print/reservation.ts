import type { EventObject } from "../../api/event.ts";
import { reservedText, type ReservationObject, whenText } from "../../api/reservation-columns.ts";
import type { ReservationStatus } from "../../api/reservation.ts";
import { subjectsText } from "../../api/subjects-text.ts";
import { formatAge } from "../../util/duration.ts";
import { alignRows } from "./columns.ts";
import { renderEvents } from "./description.ts";
import type { DescriptionStyle } from "./description.ts";
import { renderFields } from "./fields.ts";
import { sourceText } from "./source-text.ts";

/** A reservation: for whom, what and when, what is kept for it, and who is in its way. */
export function renderReservation(
  { metadata, spec, status }: ReservationObject,
  events: readonly EventObject[],
  style: DescriptionStyle,
): string {
  const refused = (status?.conditions ?? []).filter((condition) => condition.status === "False");
  const devices = (status?.devices ?? []).map(({ slot }) => slot);
  return [
    renderFields([
      ["Name", [metadata.name]],
      ["For", spec === undefined ? [] : [subjectText(spec.subjects)]],
      ["Reserved", spec === undefined ? [] : [reservedText(spec)]],
      ["When", spec === undefined ? [] : [whenText(spec)]],
      ["State", status === undefined ? [] : [stateText(status, style.nowMs)]],
      ["Kept", status === undefined ? [] : [devices.length === 0 ? "nothing" : `GPU ${devices.join(", ")}`]],
      ["Problems", refused.map(({ reason, message }) => `${reason}: ${message}`)],
      ["Source", status === undefined ? [] : [sourceText(status.source)]],
    ]),
    windowsTable(status),
    atRiskTable(status, style.nowMs),
    renderEvents(events, style),
  ].join("");
}

/** Titles of what `ds01 queue` tells of reservations. */
export const reservationTitles: readonly string[] = ["RESERVATION", "FOR", "GPUS", "FROM", "UNTIL", "STATE"];

/** The reservations that are open or come, soonest first, as cells below those titles. */
export function reservationRows(
  objects: readonly ReservationObject[],
  nowMs: number,
): readonly (readonly string[])[] {
  return objects
    .flatMap(({ metadata, spec, status }) => {
      if (spec === undefined || status?.window === undefined) return [];
      const { from, until } = status.window;
      const slots = status.devices.map(({ slot }) => slot).join(",");
      const row = [metadata.name, subjectsText(spec.subjects), slots === "" ? "-" : slots, from, until];
      return [{ from, row: [...row, stateText(status, nowMs)] }];
    })
    .toSorted((left, right) => Date.parse(left.from) - Date.parse(right.from))
    .map(({ row }) => row);
}

function subjectText({
  users = [],
  groups = [],
}: NonNullable<ReservationObject["spec"]>["subjects"]): string {
  const parts = [
    ...(users.length === 0 ? [] : [`users ${users.join(", ")}`]),
    ...(groups.length === 0 ? [] : [`groups ${groups.join(", ")}`]),
  ];
  return parts.join("; ");
}

/** `Coming, in 3h`, `Open, 42m left`, `Over`. */
function stateText({ state, window }: ReservationStatus, nowMs: number): string {
  if (window === undefined) return state;
  const [from, until] = [Date.parse(window.from), Date.parse(window.until)];
  return from > nowMs
    ? `${state}, in ${formatAge(from - nowMs)}`
    : `${state}, ${formatAge(until - nowMs)} left`;
}

function windowsTable(status: ReservationStatus | undefined): string {
  const windows = status?.windows ?? [];
  if (windows.length === 0) return "Windows:     none to come\n";
  return `Windows:\n${alignRows([["  FROM", "UNTIL"], ...windows.map(({ from, until }) => [`  ${from}`, until])])}`;
}

function atRiskTable(status: ReservationStatus | undefined, nowMs: number): string {
  const holders = status?.atRisk ?? [];
  if (holders.length === 0) return "";
  const rows = holders.map(({ slot, holder, until }) => [
    `  ${slot}`,
    holder,
    until === null ? "no end in sight" : `${until} (in ${formatAge(Date.parse(until) - nowMs)})`,
  ]);
  return `In its way (nobody is stopped for it):\n${alignRows([["  GPU", "HELD BY", "UNTIL"], ...rows])}`;
}
