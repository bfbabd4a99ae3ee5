import type { z } from "zod";
import { isTimeZone, parseDate, parseTimestamp } from "../util/calendar-time.ts";

/** What a spec looks like before its single fields are known to be right. */
interface LooseReservation {
  readonly subjects?: unknown;
  readonly devices?: unknown;
  readonly gpus?: unknown;
  readonly start?: unknown;
  readonly end?: unknown;
  readonly weekly?: unknown;
  readonly validFrom?: unknown;
  readonly validUntil?: unknown;
}

interface Found {
  readonly path: readonly string[];
  readonly message: string;
}

/** Rules over several fields of a ReservationSpec, and what no pattern says: which days and time zones there are. */
export function checkReservation(spec: LooseReservation, context: z.RefinementCtx): void {
  const found = [...subjectProblems(spec), ...deviceProblems(spec), ...timeProblems(spec)];
  for (const { path, message } of found) context.addIssue({ code: "custom", path: [...path], message });
}

function subjectProblems({ subjects }: LooseReservation): readonly Found[] {
  if (typeof subjects !== "object" || subjects === null) return [];
  const named = ["users", "groups"].some((field) => isFilled(fieldOf(subjects, field)));
  return named ? [] : [{ path: ["subjects"], message: "names nobody; name users or groups" }];
}

function deviceProblems({ devices, gpus }: LooseReservation): readonly Found[] {
  if (devices === undefined && gpus === undefined) {
    return [
      {
        path: [],
        message: "is missing what to reserve: add devices (which GPUs) or gpus (how many)",
      },
    ];
  }
  if (devices !== undefined && gpus !== undefined) {
    const message =
      "cannot be set together with devices: name the GPUs or say how many; remove one of the two";
    return [{ path: ["gpus"], message }];
  }
  if (typeof gpus !== "object" || gpus === null) return [];
  const [count, equivalents] = ["count", "equivalents"].map((field) => fieldOf(gpus, field));
  if (count === undefined && equivalents === undefined) {
    return [{ path: ["gpus"], message: "is missing how many: add count or equivalents" }];
  }
  if (count === undefined || equivalents === undefined) return [];
  const message = "cannot be set together with count; remove one of the two";
  return [{ path: ["gpus", "equivalents"], message }];
}

function timeProblems(spec: LooseReservation): readonly Found[] {
  const isOnce = spec.start !== undefined || spec.end !== undefined;
  if (spec.weekly !== undefined && isOnce) {
    const message =
      "cannot be set together with start and end: it is used once or every week; remove one of the two";
    return [{ path: ["weekly"], message }];
  }
  if (spec.weekly !== undefined) return [...weeklyProblems(spec.weekly), ...validityProblems(spec)];
  const stray = ["validFrom", "validUntil"] as const;
  const misplaced = stray
    .filter((field) => isOnce && spec[field] !== undefined)
    .map((field) => ({
      path: [field],
      message: "is for a weekly reservation, and this one is used once; remove it",
    }));
  return [...misplaced, ...onceProblems(spec)];
}

function onceProblems({ start, end }: LooseReservation): readonly Found[] {
  if (start === undefined && end === undefined) {
    return [{ path: [], message: "is missing when: add start and end, or weekly" }];
  }
  if (start === undefined || end === undefined) {
    const missing = start === undefined ? "start" : "end";
    return [{ path: [missing], message: "is missing" }];
  }
  const times = [momentOf(start), momentOf(end)];
  const wrong = ["start", "end"]
    .filter((_, index) => times[index] === undefined)
    .map((field) => ({ path: [field], message: "is no day and time that exists" }));
  const [from, to] = times;
  if (from === undefined || to === undefined || from < to) return wrong;
  return [{ path: ["end"], message: "is not after start; a window ends after it begins" }];
}

function weeklyProblems(weekly: unknown): readonly Found[] {
  const [from, to, timeZone] = ["from", "to", "timeZone"].map((field) => fieldOf(weekly, field));
  const zone =
    typeof timeZone !== "string" || isTimeZone(timeZone)
      ? []
      : [
          {
            path: ["weekly", "timeZone"],
            message: 'is not a time zone; name one of the IANA database such as "Europe/Berlin"',
          },
        ];
  const same = { path: ["weekly", "to"], message: "is the same as from; a window ends after it begins" };
  return typeof from === "string" && from === to ? [...zone, same] : zone;
}

function validityProblems({ validFrom, validUntil }: LooseReservation): readonly Found[] {
  const written = { validFrom, validUntil };
  const wrong = (["validFrom", "validUntil"] as const)
    .filter((field) => {
      const text = written[field];
      return typeof text === "string" && parseDate(text) === undefined;
    })
    .map((field) => ({ path: [field], message: "is no day that exists" }));
  if (wrong.length > 0 || typeof validFrom !== "string" || typeof validUntil !== "string") return wrong;
  if (validFrom <= validUntil) return [];
  return [{ path: ["validUntil"], message: "is before validFrom" }];
}

/** NaN for what a pattern refuses already: that is told by itself. */
function momentOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T.*(?:Z|:\d{2})$/.test(value)) return Number.NaN;
  return parseTimestamp(value);
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}
