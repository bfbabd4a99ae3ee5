import { z } from "zod";
import { ByteQuantity, CpuQuantity, Unlimited } from "./fields.ts";

/** `spec.aggregate` of a QuotaSpec: what the containers of one user may use together. */
export const AggregateLimits = z.strictObject({
  cpus: z.union([Unlimited, CpuQuantity]).optional().describe("CPUs of one user's containers together."),
  memory: z.union([Unlimited, ByteQuantity]).optional().describe("Memory of one user's containers together."),
  pids: z
    .union([Unlimited, z.number().int().min(1)])
    .optional()
    .meta({ description: "Processes and threads of one user's containers together.", examples: [12288] }),
});
