import type { ReservationSpecSpec } from "../../api/reservation.ts";
import { placeOf } from "../quota/resolve.ts";
import type { ReservationRecord } from "../record.ts";
import { type BookedWindow, occursIn, windowsOf, windowText } from "./windows.ts";

/** A reservation as the scheduler sees it: what is kept, for whom, and from when to when. Called so to keep it apart from what the queue reserves. */
export interface Booking {
  readonly name: string;
  /** `reservations/ml.yaml:7` */
  readonly place: string;
  readonly devices: ReservationSpecSpec["devices"];
  readonly gpus: ReservationSpecSpec["gpus"];
  /** The one that is open or comes next; those after it stand in `windows` as well. */
  readonly window: BookedWindow;
  readonly windows: readonly BookedWindow[];
  /** True when more follow than are listed. */
  readonly more: boolean;
  /** Whether a user may use it. */
  readonly admits: (namespace: string) => boolean;
  readonly textOf: (window: BookedWindow) => string;
  /** Whether it holds within a window, also one beyond those that are listed. */
  readonly occursIn: (window: BookedWindow) => boolean;
}

const none: readonly Booking[] = [];

/** The reservations that hold at `now` or later, in the order of their names. */
export function bookingsOf(
  records: readonly ReservationRecord[],
  groups: ReadonlyMap<string, readonly string[]>,
  now: number,
): readonly Booking[] {
  if (records.length === 0) return none;
  return records.flatMap((record) => bookingOf(record, groups, now) ?? []);
}

function bookingOf(
  { name, spec, deletion, source }: ReservationRecord,
  groups: ReadonlyMap<string, readonly string[]>,
  now: number,
): Booking | null {
  if (spec === null || deletion !== null) return null;
  const { windows, more } = windowsOf(spec, now);
  const [window] = windows;
  if (window === undefined) return null;
  const { users = [], groups: named = [] } = spec.subjects;
  return {
    name,
    place: placeOf(source, spec.weekly === undefined ? "spec.start" : "spec.weekly"),
    devices: spec.devices,
    gpus: spec.gpus,
    window,
    windows,
    more,
    admits: (namespace) =>
      users.includes(namespace) || named.some((group) => groups.get(namespace)?.includes(group) === true),
    occursIn: (one) => occursIn(spec, one),
    textOf: (one) => windowText(spec, Number.isFinite(one.until) ? one : (windows.at(-1) ?? window)),
  };
}

/** The first window of a booking that meets the time from `from` to `to`; also for one beyond those that are listed. */
export function meets(booking: Booking, from: number, to: number): BookedWindow | undefined {
  const found = booking.windows.find((window) => window.from < to && window.until > from);
  const last = booking.windows.at(-1);
  if (found !== undefined || !booking.more || last === undefined || to <= last.until) return found;
  // Windows go on beyond the last that is listed: as if one began right after it and never ended.
  return { from: last.until, until: Infinity };
}

/** Whether two bookings hold at the same time some day. */
export function coincide(left: Booking, right: Booking): boolean {
  const meet = left.windows.some((one) =>
    right.windows.some((other) => one.from < other.until && other.from < one.until),
  );
  return meet || meetsLater(left, right) || meetsLater(right, left);
}

/** Whether windows of a booking that are not listed meet those of another that are. */
function meetsLater({ more, windows, occursIn: occurs }: Booking, other: Booking): boolean {
  const last = windows.at(-1)?.until ?? 0;
  return more && other.windows.some((window) => window.from >= last && occurs(window));
}
