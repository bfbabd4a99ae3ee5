import { z } from "zod";
import { ByteQuantity, ComputeCapability, StrategyName } from "./fields.ts";

const joinWish = z.enum(["preferred", "required"]).optional();

/** `spec.gpus`: which devices a container is to hold. */
export const GpuRequest = z.strictObject({
  count: z
    .number()
    .int()
    .min(0)
    .max(64)
    .meta({ description: "How many whole GPUs, or slices when profile is given.", examples: [1] }),
  profile: z
    .string()
    .regex(/^(?:\d+c\.)?\d+g\.\d+gb(?:\+[a-z.]+)*$/, 'a MIG profile such as "2g.20gb"')
    .optional()
    .meta({ description: "MIG profile; absent: whole GPUs.", examples: ["2g.20gb"] }),
  minMemory: ByteQuantity.optional().describe("Least memory of each device."),
  models: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({
      description: 'Accepted models; "*" stands for any text, as in "*A100*".',
      examples: [["*A100*"]],
    }),
  minComputeCapability: ComputeCapability.optional().describe(
    "Least CUDA compute capability of each device, as in 8.0 for Ampere.",
  ),
  nvlink: joinWish.describe(
    "Whether several whole GPUs should be joined by NVLink, each with each; required waits for such.",
  ),
  sameBoard: joinWish.describe(
    "Whether several devices should be on one board: slices of one GPU, or GPUs behind one PCIe switch or joined by NVLink.",
  ),
  allowMig: z
    .boolean()
    .optional()
    .meta({
      description: "Take a MIG slice as well as a whole GPU, the smallest that has minMemory; absent: no.",
      examples: [true],
    }),
  shared: z
    .strictObject({
      replicas: z
        .number()
        .int()
        .min(2)
        .max(64)
        .meta({ description: "How many containers may share the GPU at most.", examples: [4] }),
    })
    .optional()
    .meta({
      description:
        "Take time slices of GPUs that an admin lets several containers share; nothing isolates them from one another.",
      examples: [{ replicas: 4 }],
    }),
  strategy: StrategyName.optional().describe(
    "How to choose among devices that fit, where the configuration allows another way than the host's.",
  ),
});
export type GpuRequest = z.infer<typeof GpuRequest>;
