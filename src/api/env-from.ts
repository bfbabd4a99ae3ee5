import { z } from "zod";
import { isReservedVariable, variableName } from "./environment.ts";
import { SourcePath } from "./path-fields.ts";

const EnvFile = z.strictObject({
  path: SourcePath.meta({
    description:
      "A file of lines NAME=VALUE that a quota grants, or one in the directory of the spec file; read with the owner's rights. A line that begins with # is a comment, quotes are part of a value, and nothing is replaced in it.",
    examples: ["train.env"],
  }),
  optional: z
    .boolean()
    .optional()
    .meta({
      description: "Whether it may be missing; absent: the container waits for the file.",
      examples: [true],
    }),
});

const EnvFrom = z.strictObject({
  file: EnvFile.describe("Where the variables stand, one a line."),
  prefix: z
    .string()
    .regex(variableName, "the beginning of a variable name: letters, digits and _")
    .refine((prefix) => !isReservedVariable(prefix), {
      error: "begins names that are set by ds01 from the GPUs the container holds; choose another",
    })
    .optional()
    .meta({ description: "Put before every name in the file.", examples: ["WANDB_"] }),
});

/** `spec.envFrom` of a ContainerSpec: files with variables; of two that set one variable the later counts. */
export const EnvironmentSources = z.array(EnvFrom).max(16, "at most 16 files").meta({
  description:
    "Files with environment variables; they are read when the container is made, and spec.env weighs more.",
});
