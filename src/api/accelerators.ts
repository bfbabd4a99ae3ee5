import { z } from "zod";

/** Devices other than NVIDIA GPUs. */
export const AcceleratorRequest = z.strictObject({
  kind: z
    .string()
    .regex(
      /^(?:tpu|(?!nvidia\.com\/)[a-z0-9][a-z0-9.-]*\/[A-Za-z0-9][A-Za-z0-9_.-]*)$/,
      '"tpu", or vendor and class of a CDI file such as "amd.com/gpu"; NVIDIA GPUs are asked for with spec.gpus',
    )
    .meta({
      description: "What they are: tpu, or vendor and class of a CDI file.",
      examples: ["amd.com/gpu"],
    }),
  count: z
    .number()
    .int()
    .min(0)
    .max(64)
    .meta({ description: "How many devices.", examples: [1] }),
});
export type AcceleratorRequest = z.infer<typeof AcceleratorRequest>;
