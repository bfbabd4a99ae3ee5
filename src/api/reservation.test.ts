import { expect, test } from "vitest";
import { parseSpecText } from "./parse.ts";

const head = `apiVersion: ds01.io/v1alpha1
kind: ReservationSpec
metadata:
  name: course
spec:
  subjects: {groups: [course]}
`;
const what = "  gpus: {count: 2}\n";
const weekly = '  weekly: {days: [Thursday], from: "14:00", to: "16:00", timeZone: Europe/Berlin}\n';

function problemsOf(text: string): readonly string[] {
  const { problems } = parseSpecText(text, { path: "reservations/course.yaml", expect: "ReservationSpec" });
  return problems.map(
    ({ position, field, message }) => `${position?.line}:${position?.column} ${field}: ${message}`,
  );
}

test("a reservation says what, for whom and when; both ways to say it are right", () => {
  expect(problemsOf(head + what + weekly)).toEqual([]);
  const once = '  devices: ["0"]\n  start: "2026-12-03T14:00:00+01:00"\n  end: "2026-12-03T16:00:00+01:00"\n';
  expect(problemsOf(head + once)).toEqual([]);
});

test.each([
  [
    "nothing to reserve",
    weekly,
    "6:3 spec: is missing what to reserve: add devices (which GPUs) or gpus (how many)",
  ],
  ["no time", what, "6:3 spec: is missing when: add start and end, or weekly"],
  [
    "half a time",
    `${what}  start: "2026-12-03T14:00:00+01:00"\n`,
    '5:1 spec.end: is missing; for example end: "2026-12-03T16:00:00+01:00"',
  ],
  [
    "an end before the start",
    `${what}  start: "2026-12-03T14:00:00Z"\n  end: "2026-12-03T14:00:00+01:00"\n`,
    '9:8 spec.end: "2026-12-03T14:00:00+01:00" is not after start; a window ends after it begins',
  ],
  [
    "a day that does not exist",
    `${what}  start: "2026-02-30T14:00:00Z"\n  end: "2026-12-03T14:00:00+01:00"\n`,
    '8:10 spec.start: "2026-02-30T14:00:00Z" is no day and time that exists',
  ],
  [
    "once and weekly",
    `${what}${weekly}  start: "2026-12-03T14:00:00Z"\n  end: "2026-12-03T15:00:00Z"\n`,
    "8:11 spec.weekly: cannot be set together with start and end: it is used once or every week; remove one of the two",
  ],
  [
    "GPUs by name and by number",
    `${what}  devices: ["0"]\n${weekly}`,
    "7:9 spec.gpus: cannot be set together with devices: name the GPUs or say how many; remove one of the two",
  ],
  [
    "a time zone that is none",
    `${what}${weekly.replace("Europe/Berlin", "Berlin")}`,
    '8:68 spec.weekly.timeZone: "Berlin" is not a time zone; name one of the IANA database such as "Europe/Berlin"',
  ],
  [
    "an offset in place of a zone",
    `${what}${weekly.replace("Europe/Berlin", '"+01:00"')}`,
    '8:68 spec.weekly.timeZone: "+01:00" is not a time zone; name one of the IANA database such as "Europe/Berlin"',
  ],
  [
    "a term that ends before it begins",
    `${what}${weekly}  validFrom: "2026-10-12"\n  validUntil: "2026-10-11"\n`,
    '10:15 spec.validUntil: "2026-10-11" is before validFrom',
  ],
  [
    "days of validity for once",
    `${what}  start: "2026-12-03T14:00:00Z"\n  end: "2026-12-03T15:00:00Z"\n  validFrom: "2026-10-12"\n`,
    '10:14 spec.validFrom: "2026-10-12" is for a weekly reservation, and this one is used once; remove it',
  ],
])("%s is refused, with its place", (_name, body, problem) => {
  expect(problemsOf(head + body)).toContain(problem);
});

test("nobody to reserve for is refused", () => {
  const text = (head + what + weekly).replace("{groups: [course]}", "{groups: []}");
  expect(problemsOf(text)).toEqual(["6:13 spec.subjects: names nobody; name users or groups"]);
});
