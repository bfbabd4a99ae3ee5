import { z } from "zod";

/** The part of the configuration about how the API is reached, beside its unix socket. */
export const ApiConfiguration = z.strictObject({
  https: z
    .strictObject({
      port: z
        .number()
        .int()
        .min(0)
        .max(65535)
        .optional()
        .describe("At 127.0.0.1; 6443. 0: any that is free."),
    })
    .optional()
    .describe(
      "For kubectl and other clients of Kubernetes: over TLS at 127.0.0.1. Absent: at the socket only.",
    ),
});
