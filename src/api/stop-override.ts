import { z } from "zod";

/** Longest reason of an override, in characters. */
export const overrideReasonLimit = 500;

/** `status.override` of a ContainerSpec from Git: it is stopped for a while, whatever Git says. */
export const StopOverrideStatus = z
  .object({
    desiredState: z.literal("Stopped"),
    by: z.string().describe("Who has said so."),
    since: z.string().describe("RFC 3339 time"),
    until: z.string().describe("RFC 3339 time at which it ends by itself."),
    reason: z.string().optional().describe("Why, in their words."),
  })
  .describe(
    "A word given at the machine (`ds01 stop --override`) that holds for a while in the place of Git's.",
  );

/** Answer of `POST .../containers/NAME/override`. */
export interface StopOverrideAnswer {
  /** When it ends by itself (RFC 3339). */
  readonly until: string;
}
