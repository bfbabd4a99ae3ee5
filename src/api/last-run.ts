import { z } from "zod";

const time = z.string().describe("RFC 3339 time");

/** How the last run that is over ended; kept when its container is gone. */
export const LastRun = z
  .object({
    startedAt: time,
    finishedAt: time,
    exitCode: z.number().int().optional(),
    oomKilled: z.boolean().optional().describe("True: the kernel ended it for lack of memory."),
    ofEarlierSpec: z
      .boolean()
      .optional()
      .describe("True: it was made from another spec than the one of now, by image, command or the like."),
  })
  .describe("How the last run ended, also when its container is gone.");
export type LastRun = z.infer<typeof LastRun>;
