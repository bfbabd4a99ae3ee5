import { z } from "zod";
import { timestampPattern } from "../util/calendar-time.ts";
import { Condition } from "./meta.ts";
import { checkReservation } from "./reservation-rules.ts";
import { StatusSource } from "./source-reference.ts";

const UserName = z.string().min(1);

/** Days of the week, as a weekly reservation names them. */
export const weekdays = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;

const Timestamp = z
  .string()
  .regex(timestampPattern, 'a time with its offset from UTC such as "2026-12-03T14:00:00+01:00"');

const DayOfYear = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a day such as "2026-10-12"');

/** `spec` of a ReservationSpec: which GPUs are kept, for whom, and when. */
export const ReservationSpecSpec = z
  .strictObject({
    subjects: z
      .strictObject({
        users: z
          .array(UserName)
          .optional()
          .meta({ description: "User names.", examples: [["alice"]] }),
        groups: z
          .array(UserName)
          .optional()
          .meta({
            description: "Unix groups, asked from the system's name service.",
            examples: [["course-ml"]],
          }),
      })
      .meta({
        description: "Who may use the GPUs in the window; all others may not.",
        examples: [{ groups: ["course-ml"] }],
      }),
    devices: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        description: "These devices, by slot or UUID; a GPU stands for its slices as well.",
        examples: [["0", "1"]],
      }),
    gpus: z
      .strictObject({
        count: z
          .number()
          .int()
          .min(1)
          .max(64)
          .optional()
          .meta({ description: "How many whole GPUs, or slices when profile is given.", examples: [2] }),
        equivalents: z
          .number()
          .positive("more than 0")
          .optional()
          .meta({
            description: "How much in GPU-equivalents: GPUs and slices that come to this or more.",
            examples: [1.5],
          }),
        profile: z
          .string()
          .regex(/^(?:\d+c\.)?\d+g\.\d+gb(?:\+[a-z.]+)*$/, 'a MIG profile such as "2g.20gb"')
          .optional()
          .meta({ description: "MIG profile of each.", examples: ["2g.20gb"] }),
        models: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .meta({
            description: 'Accepted models; "*" stands for any text, as in "*A100*".',
            examples: [["*A100*"]],
          }),
      })
      .optional()
      .meta({
        description: "So many GPUs; ds01 chooses which, first those that are free or end in time.",
        examples: [{ count: 2 }],
      }),
    start: Timestamp.optional().meta({
      description: "When it begins, for a reservation that is used once.",
      examples: ["2026-12-03T14:00:00+01:00"],
    }),
    end: Timestamp.optional().meta({
      description: "When it ends, for a reservation that is used once.",
      examples: ["2026-12-03T16:00:00+01:00"],
    }),
    weekly: z
      .strictObject({
        days: z
          .array(z.enum(weekdays))
          .min(1)
          .meta({ description: "Days on which it begins.", examples: [["Thursday"]] }),
        from: z
          .string()
          .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of the day such as "14:00"')
          .meta({ description: "When it begins, as clocks there show it.", examples: ["14:00"] }),
        to: z
          .string()
          .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time of the day such as "16:00"')
          .meta({
            description: "When it ends; on the next day where it is earlier than from.",
            examples: ["16:00"],
          }),
        timeZone: z
          .string()
          .min(1)
          .meta({
            description: "Time zone of the clocks, by its name in the IANA database.",
            examples: ["Europe/Berlin"],
          }),
      })
      .optional()
      .meta({
        description: "Every week at the same time, also when clocks are set to summer time and back.",
        examples: [{ days: ["Thursday"], from: "14:00", to: "16:00", timeZone: "Europe/Berlin" }],
      }),
    validFrom: DayOfYear.optional().meta({
      description: "First day on which a weekly reservation may begin.",
      examples: ["2026-10-12"],
    }),
    validUntil: DayOfYear.optional().meta({
      description: "Last day on which a weekly reservation may begin.",
      examples: ["2027-02-05"],
    }),
  })
  .superRefine(checkReservation, { when: ({ value }) => typeof value === "object" && value !== null });
export type ReservationSpecSpec = z.infer<typeof ReservationSpecSpec>;

const Window = z.object({
  from: z.string().describe("RFC 3339."),
  until: z.string().describe("RFC 3339."),
});

/** `status` of a ReservationSpec. */
export const ReservationStatus = z.object({
  observedGeneration: z.number().int(),
  state: z
    .enum(["Coming", "Open", "Over"])
    .describe("Whether its window is yet to come, is now, or will not come again."),
  window: Window.optional().describe("The window that is open, else the next; absent when there is none."),
  windows: z.array(Window).describe("This window and those after it, as far as they are looked at."),
  devices: z
    .array(z.object({ uuid: z.string(), slot: z.string() }))
    .describe("What is kept for the window as things are now."),
  missing: z
    .string()
    .optional()
    .describe("What it asks for beyond what can be kept; absent when nothing is missing."),
  atRisk: z
    .array(
      z.object({
        slot: z.string(),
        holder: z.string(),
        until: z.string().nullable().describe("When it ends (RFC 3339); null when nobody knows."),
      }),
    )
    .describe("Who holds a kept device beyond the beginning of the window; nobody is stopped for it."),
  conditions: z.array(Condition),
  source: StatusSource,
});
export type ReservationStatus = z.infer<typeof ReservationStatus>;
