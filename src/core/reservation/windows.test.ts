import { expect, test } from "vitest";
import type { ReservationSpecSpec } from "../../api/reservation.ts";
import { windowsOf, windowText } from "./windows.ts";

function weekly(from: string, to: string): ReservationSpecSpec {
  const timeZone = "Europe/Berlin";
  return { subjects: { users: ["a"] }, devices: ["0"], weekly: { days: ["Thursday"], from, to, timeZone } };
}

function firsts(spec: ReservationSpecSpec, now: string, count: number): readonly string[] {
  const { windows } = windowsOf(spec, Date.parse(now));
  return windows.slice(0, count).map(({ from }) => new Date(from).toISOString());
}

test("a weekly window keeps its local time when clocks go back and forward", () => {
  expect(firsts(weekly("14:00", "16:00"), "2026-10-20T00:00:00Z", 2)).toEqual([
    "2026-10-22T12:00:00.000Z",
    "2026-10-29T13:00:00.000Z",
  ]);
  expect(firsts(weekly("14:00", "16:00"), "2027-03-24T00:00:00Z", 2)).toEqual([
    "2027-03-25T13:00:00.000Z",
    "2027-04-01T12:00:00.000Z",
  ]);
});

test("a window over midnight is open on the next day, and one that is past is none", () => {
  expect(firsts(weekly("22:00", "02:00"), "2026-12-04T00:30:00Z", 1)).toEqual(["2026-12-03T21:00:00.000Z"]);
  const once = { subjects: {}, start: "2026-01-01T00:00:00Z", end: "2026-01-01T01:00:00Z" };
  expect(windowsOf(once, Date.parse("2026-02-01T00:00:00Z"))).toMatchObject({ windows: [], more: false });
});

test("a window is told in its zone", () => {
  const spec = weekly("14:00", "16:00");
  const [window] = windowsOf(spec, Date.parse("2026-12-01T00:00:00Z")).windows;
  expect(window && windowText(spec, window)).toBe("Thu 3 Dec 2026 14:00 to 16:00 (Europe/Berlin)");
});
