import { weekdays, type ReservationSpecSpec } from "../../api/reservation.ts";
import {
  type CalendarDate,
  clockText,
  compareDates,
  dateIn,
  momentIn,
  parseDate,
  parseTimeOfDay,
  parseTimestamp,
  plusDays,
  sameDate,
  timeOfDayText,
  weekdayOf,
} from "../../util/calendar-time.ts";

/** One time at which a reservation holds, in milliseconds since the epoch. */
export interface BookedWindow {
  readonly from: number;
  readonly until: number;
}

/** What a reservation holds from a moment on. */
export interface ComingWindows {
  /** The one that is open, if any, and those that come, soonest first. */
  readonly windows: readonly BookedWindow[];
  /** True when more follow than are listed. */
  readonly more: boolean;
}

/** As many as are looked at: a daily course over three weeks. */
const listedWindows = 16;

interface Known extends ComingWindows {
  readonly since: number;
}

const known = new WeakMap<ReservationSpecSpec, Known>();

/** The windows of a reservation that are not over at `now`. */
export function windowsOf(spec: ReservationSpecSpec, now: number): ComingWindows {
  const before = known.get(spec);
  const [first] = before?.windows ?? [];
  // Until the first of them is over the answer is the same.
  if (before !== undefined && now >= before.since && (first === undefined || now < first.until))
    return before;
  const found = { ...compute(spec, now), since: now };
  known.set(spec, found);
  return found;
}

/** `Thu 3 Dec 2026 14:00 to 16:00 (Europe/Berlin)`; what is said once, with its offset, is told in UTC. */
export function windowText(spec: ReservationSpecSpec, window: BookedWindow): string {
  const known = texts.get(spec) ?? new Map<string, string>();
  texts.set(spec, known);
  const key = `${window.from} ${window.until}`;
  const text = known.get(key) ?? renderWindow(spec, window);
  known.set(key, text);
  return text;
}

/** Reading clocks is slow, and every look at the queue tells the same few windows. */
const texts = new WeakMap<ReservationSpecSpec, Map<string, string>>();

/** Whether one of the spec's windows meets another window, however far it lies ahead. */
export function occursIn(spec: ReservationSpecSpec, { from, until }: BookedWindow): boolean {
  const [first] = compute(spec, from).windows;
  return first !== undefined && first.from < until;
}

function renderWindow({ weekly }: ReservationSpecSpec, { from, until }: BookedWindow): string {
  const zone = weekly?.timeZone ?? "UTC";
  const end = sameDate(dateIn(zone, from), dateIn(zone, until))
    ? timeOfDayText(zone, until)
    : clockText(zone, until);
  return `${clockText(zone, from)} to ${end} (${zone})`;
}

function compute(spec: ReservationSpecSpec, now: number): ComingWindows {
  if (spec.weekly !== undefined) return weeklyWindows(spec, spec.weekly, now);
  const from = parseTimestamp(spec.start ?? "");
  const until = parseTimestamp(spec.end ?? "");
  if (from === undefined || until === undefined || until <= now) return { windows: [], more: false };
  return { windows: [{ from, until }], more: false };
}

function weeklyWindows(
  { validFrom, validUntil }: ReservationSpecSpec,
  weekly: NonNullable<ReservationSpecSpec["weekly"]>,
  now: number,
): ComingWindows {
  const last = parseDate(validUntil ?? "");
  const windows: BookedWindow[] = [];
  // What began yesterday may last beyond midnight.
  let date = later(plusDays(dateIn(weekly.timeZone, now), -1), parseDate(validFrom ?? ""));
  for (; last === undefined || compareDates(date, last) <= 0; date = plusDays(date, 1)) {
    if (!weekly.days.some((day) => weekdays.indexOf(day) === weekdayOf(date))) continue;
    const window = windowOn(date, weekly);
    // One that lies wholly in the hour that clocks skip is none.
    if (window.until <= now || window.until <= window.from) continue;
    if (windows.length === listedWindows) return { windows, more: true };
    windows.push(window);
  }
  return { windows, more: false };
}

function windowOn(
  date: CalendarDate,
  { from, to, timeZone }: NonNullable<ReservationSpecSpec["weekly"]>,
): BookedWindow {
  const [begin, end] = [parseTimeOfDay(from), parseTimeOfDay(to)];
  const endDate = end <= begin ? plusDays(date, 1) : date;
  return { from: momentIn(timeZone, date, begin), until: momentIn(timeZone, endDate, end) };
}

function later(left: CalendarDate, right: CalendarDate | undefined): CalendarDate {
  return right !== undefined && compareDates(left, right) < 0 ? right : left;
}
