import { z } from "zod";

/** How people are told of what concerns them, beside the events. */
export const NotificationConfiguration = z.strictObject({
  terminals: z
    .boolean()
    .optional()
    .describe("Write to the terminals in the container and to its owner's on this machine; true."),
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("A program and its words, run without a shell; the notice is JSON on its standard input."),
  webhook: z
    .string()
    .regex(/^https?:\/\/\S+$/, "a URL that begins with http:// or https://")
    .optional()
    .describe("Where each notice is posted as JSON."),
  reasons: z
    .array(z.string().regex(/^[A-Z][A-Za-z]+$/, "a reason of an event, such as IdleSoon"))
    .optional()
    .describe("Of which events; IdleSoon, IdleTimeout, MaxRuntimeSoon and MaxRuntimeExceeded."),
});
export type NotificationConfiguration = z.infer<typeof NotificationConfiguration>;
