import { z } from "zod";

/** The part of the configuration about the API: how it is reached beside its unix socket, and what it shows to whom. */
export const ApiConfiguration = z.strictObject({
  visibility: z
    .enum(["own", "all"])
    .optional()
    .describe(
      "What users see of containers and Pods: their own, or also what others run, without the values of variables; own.",
    ),
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
  webhook: z
    .strictObject({
      listen: z
        .string()
        .regex(
          /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]|localhost):\d{1,5}$/,
          "ADDRESS:PORT, such as 127.0.0.1:8787",
        )
        .refine((listen) => Number(/\d+$/.exec(listen)?.[0]) <= 65_535, "a port is 65535 at most")
        .describe("Address and port, without TLS: behind a reverse proxy, or at this host only."),
    })
    .optional()
    .describe("Where webhooks of Git sources are listened for; nowhere."),
});
