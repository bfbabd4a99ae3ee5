import { z } from "zod";
import { parseDuration } from "../util/duration.ts";
import { Words } from "./environment.ts";
import { Duration } from "./fields.ts";

const optionalDuration = (description: string, example: string) =>
  // Docker takes no time for that of the image, and none below a millisecond.
  Duration.refine((text) => (parseDuration(text) ?? 1) >= 1, {
    error: "is less than 1ms; write a longer time, or leave it out",
  })
    .optional()
    .meta({ description, examples: [example] });

/** How Docker finds out whether the program inside works; what is absent is as the image says, else as Docker does. */
export const HealthCheck = z
  .strictObject({
    command: z
      .array(Words)
      .min(1)
      .optional()
      .meta({
        description: "Program that is run inside the container; exit status 0 is healthy.",
        examples: [["curl", "-fsS", "http://localhost:8888/api"]],
      }),
    interval: optionalDuration("Time between two checks; Docker's default is 30s.", "10s"),
    timeout: optionalDuration("A check that takes longer has failed; Docker's default is 30s.", "5s"),
    startPeriod: optionalDuration("Failures count only this long after the start.", "2m"),
    retries: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({
        description: "So many failures in a row are unhealthy; Docker's default is 3.",
        examples: [3],
      }),
    disabled: z
      .literal(true)
      .optional()
      .describe("Switches off the check of the image; nothing else can be set then."),
  })
  .superRefine(checkDisabled);
export type HealthCheck = z.infer<typeof HealthCheck>;

function checkDisabled(check: HealthCheck, context: z.RefinementCtx): void {
  const others = Object.keys(check).filter((field) => field !== "disabled");
  if (check.disabled !== true || others.length === 0) return;
  context.addIssue({
    code: "custom",
    path: [String(others[0])],
    message: "cannot be set together with disabled: true; remove one of the two",
  });
}
