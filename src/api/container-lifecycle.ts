import { z } from "zod";
import { DurationOrNever, IdleTimeout } from "./fields.ts";

/** Deadlines of a container, and what is done when it loses its GPUs. */
export const ContainerLifecycle = z.strictObject({
  maxRuntime: DurationOrNever.optional().describe("Stop the container after this much running time."),
  idleTimeout: IdleTimeout.optional().describe(
    "Stop the container when nothing has gone on in it for so long.",
  ),
  holdGpuAfterStop: DurationOrNever.optional().describe("How long a stopped container keeps its GPUs."),
  removeAfterStop: DurationOrNever.optional().describe("How long a stopped container is kept at all."),
  ttlAfterFinished: DurationOrNever.optional().describe(
    "How long the container of a finished job is kept, in the place of removeAfterStop.",
  ),
  onGpuAccessLost: z
    .enum(["notify", "restart", "recreate"])
    .optional()
    .describe("What to do when a running container can no longer open its GPUs."),
});
export type ContainerLifecycle = z.infer<typeof ContainerLifecycle>;
