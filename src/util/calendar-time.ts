const dayMs = 86_400_000;

/** A day of the calendar, in no time zone. */
export interface CalendarDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/** Milliseconds since the epoch of an RFC 3339 time with its offset, or undefined when it is none. */
export function parseTimestamp(text: string): number | undefined {
  const [, date = "", hour = ""] = timestampPattern.exec(text) ?? [];
  if (parseDate(date) === undefined || hour === "24") return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** `2026-12-03T14:00:00+01:00`. */
export const timestampPattern =
  /^(\d{4}-\d{2}-\d{2})T(\d{2}):\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** The day that `2026-12-03` names, or undefined when there is none such. */
export function parseDate(text: string): CalendarDate | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  return sameDate(plusDays(date, 0), date) ? date : undefined;
}

/** Minutes since midnight of `14:00`; `24:00` is the end of the day. */
export function parseTimeOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

/** The day so many days later. */
export function plusDays(date: CalendarDate, days: number): CalendarDate {
  const at = new Date(dayStart(date) + days * dayMs);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

/** Negative when `left` is the earlier day. */
export function compareDates(left: CalendarDate, right: CalendarDate): number {
  return dayStart(left) - dayStart(right);
}

/** 0 for Sunday. */
export function weekdayOf(date: CalendarDate): number {
  return new Date(dayStart(date)).getUTCDay();
}

/** Whether the name is one of the IANA time zone database that this Node.js knows. */
export function isTimeZone(name: string): boolean {
  // An offset such as +01:00 is taken by Intl as well, and knows no summer.
  return /^[A-Za-z]/.test(name) && formatterFor(name) !== undefined;
}

/** The day that it is in a zone at a moment. */
export function dateIn(timeZone: string, at: number): CalendarDate {
  const { year, month, day } = clockIn(timeZone, at);
  return { year, month, day };
}

/**
 * The moment at which clocks of the zone show a time of a day, in milliseconds since the epoch. Where they show it
 * twice it is the first; where they skip it, the moment that would have been it: as much later as they are set ahead.
 */
export function momentIn(timeZone: string, date: CalendarDate, minutes: number): number {
  const shown = dayStart(date) + minutes * 60_000;
  // Offsets of a day before and a day after: no zone is set twice within two days.
  const before = shown - offsetIn(timeZone, shown - dayMs);
  const after = shown - offsetIn(timeZone, shown + dayMs);
  if (before + offsetIn(timeZone, before) === shown) return before;
  return after + offsetIn(timeZone, after) === shown ? after : before;
}

/** What clocks of a zone show at a moment: `Thu 3 Dec 2026 14:00`, with seconds where there are some. */
export function clockText(timeZone: string, at: number): string {
  const { year, month, day } = clockIn(timeZone, at);
  const weekday = weekdays[weekdayOf({ year, month, day })];
  return `${weekday} ${day} ${months[month - 1]} ${year} ${timeOfDayText(timeZone, at)}`;
}

/** `14:00`, or `14:00:30`. */
export function timeOfDayText(timeZone: string, at: number): string {
  const { hour, minute, second } = clockIn(timeZone, at);
  return [hour, minute, ...(second === 0 ? [] : [second])]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** Whether both are the same day. */
export function sameDate(left: CalendarDate, right: CalendarDate): boolean {
  return left.year === right.year && left.month === right.month && left.day === right.day;
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface ClockReading extends CalendarDate {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function dayStart({ year, month, day }: CalendarDate): number {
  return Date.UTC(year, month - 1, day);
}

/** How far the clocks of a zone are ahead of UTC, in milliseconds. */
function offsetIn(timeZone: string, at: number): number {
  const { hour, minute, second, ...date } = clockIn(timeZone, at);
  return dayStart(date) + ((hour * 60 + minute) * 60 + second) * 1000 - Math.floor(at / 1000) * 1000;
}

function clockIn(timeZone: string, at: number): ClockReading {
  const parts = formatterFor(timeZone)?.formatToParts(at) ?? [];
  const read = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value ?? Number.NaN);
  return {
    year: read("year"),
    month: read("month"),
    day: read("day"),
    hour: read("hour"),
    minute: read("minute"),
    second: read("second"),
  };
}

/** Formatters are slow to make and always answer the same. */
const formatters = new Map<string, Intl.DateTimeFormat | undefined>();

function formatterFor(timeZone: string): Intl.DateTimeFormat | undefined {
  if (!formatters.has(timeZone)) formatters.set(timeZone, makeFormatter(timeZone));
  return formatters.get(timeZone);
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
