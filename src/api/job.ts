import { z } from "zod";
import { ObjectName } from "./fields.ts";

/** Fields of a spec about work that ends. */
export const jobFields = {
  backoffLimit: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .optional()
    .meta({
      description: "How often a job that failed is tried again before it counts as Failed; absent: no limit.",
      examples: [3],
    }),
  replicas: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({
      description:
        "Makes this spec a sweep: so many containers NAME-0, NAME-1, ..., each an object with DS01_INDEX in its environment; absent: one container NAME.",
      examples: [8],
    }),
  parallelism: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .meta({
      description:
        "How many containers of a sweep run at the same time at most; absent: all that quota and GPUs allow.",
      examples: [2],
    }),
  after: z
    .array(ObjectName)
    .min(1)
    .max(100)
    .optional()
    .meta({
      description: "Names of specs of the same namespace that must have completed before it starts.",
      examples: [["prepare"]],
      "x-kubernetes-list-type": "set",
    }),
};
