import { z } from "zod";
import { ByteQuantity, Duration, Namespace, ObjectName } from "./fields.ts";

const time = z.iso
  .datetime({ offset: true, error: 'a moment such as "2026-12-24T00:00:00Z"' })
  .describe("When it ends; absent: never.");

/** How it is told that a container is idle. */
export const IdleConfiguration = z.strictObject({
  interval: Duration.optional().describe("Time between two looks; 30s."),
  gpuPercent: z.number().min(0).max(100).optional().describe("A GPU that is used as much is busy; 5."),
  cpuPercent: z.number().min(0).max(1000).optional().describe("More of one CPU than this is busy; 2."),
  network: ByteQuantity.optional().describe("More bytes in and out in a minute are busy; 1Mi."),
  io: ByteQuantity.optional().describe("More bytes read and written in a minute are busy; 1Mi."),
  looks: z.number().int().min(1).max(1000).optional().describe("So many looks in a row find nothing; 3."),
  startupGrace: Duration.optional().describe("A container that has just started is left alone; 30m."),
  notice: Duration.optional().describe("Time between warning and stop, at most half of the timeout; 10m."),
  highDemandFactor: z
    .number()
    .min(0.05)
    .max(1)
    .optional()
    .describe("What becomes of the timeout while somebody waits for the GPU; 0.5."),
  keepAliveMax: Duration.optional().describe("For how long one may ask to be left alone; 24h."),
  withoutGpu: z
    .boolean()
    .optional()
    .describe("Whether a quota's idleTimeout also counts for containers without GPUs; false."),
  exempt: z
    .array(
      z.strictObject({
        user: Namespace,
        container: ObjectName.optional().describe("Absent: all of the user."),
        until: time.optional(),
        reason: z.string().min(1).optional(),
      }),
    )
    .optional()
    .describe("What is left alone however idle it is."),
});
export type IdleConfiguration = z.infer<typeof IdleConfiguration>;
