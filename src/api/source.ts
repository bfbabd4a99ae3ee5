import { z } from "zod";

const time = z.string().describe("RFC 3339");

/** Longest reason of a suspension, in characters. */
export const suspensionReasonLimit = 500;

/** `spec` of a Source: where specs come from, as the configuration says. Made by ds01. */
export const SourceSpec = z.object({
  type: z.enum(["directory", "git"]).describe("A directory of this host, or a Git repository."),
  url: z.string().describe("Where it is, without a password."),
  ref: z.string().optional().describe("The branch, tag or commit that is followed."),
  path: z.string().optional().describe("Directory in the repository."),
});
export type SourceSpec = z.infer<typeof SourceSpec>;

/** `status` of a Source: what is in effect of it, and how the last look at it ended. */
export const SourceStatus = z.object({
  synced: z.boolean().describe("Whether what it declares is known in full."),
  files: z.number().optional().describe("Spec files in effect."),
  revision: z.string().optional().describe("The commit that was found last."),
  appliedRevision: z.string().optional().describe("The commit that is in effect."),
  appliedAt: time.optional().describe("Since when it is."),
  signer: z.string().optional().describe("Who signed it, where a signature is asked for."),
  lastAttempt: time.optional().describe("When it was looked for a newer one."),
  suspended: z
    .object({
      since: time.describe("Since when."),
      by: z.string().describe("Who has suspended it."),
      reason: z.string().optional().describe("Why, in their words."),
    })
    .optional()
    .describe("Nothing newer is taken until an admin resumes it."),
  reason: z.string().describe("Synced, or why the newest revision is not in effect."),
  message: z.string().describe("The same for people."),
});
export type SourceStatus = z.infer<typeof SourceStatus>;
