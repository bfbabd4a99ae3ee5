import { z } from "zod";
import { checkVariableNames } from "./container-rules.ts";

/** Of the variables that begin so, those below are the container's own business. */
const reservedPrefixes: readonly string[] = ["NVIDIA_", "DS01_"];

/** Read by libraries and programs in the container, or say which parts of the driver come with the GPUs it holds. */
const notReserved: readonly RegExp[] = [
  /^NVIDIA_DRIVER_CAPABILITIES$/,
  /^NVIDIA_(?:DISABLE_REQUIRE|REQUIRE_[A-Z0-9_]+)$/,
  /^NVIDIA_(?:TF32_OVERRIDE|API_KEY)$/,
];

/** By these the container runtimes of other vendors choose the devices that they pass in. */
const reservedNames: readonly string[] = [
  "CUDA_VISIBLE_DEVICES",
  "AMD_VISIBLE_DEVICES",
  "ASCEND_VISIBLE_DEVICES",
  "HABANA_VISIBLE_DEVICES",
  "MTHREADS_VISIBLE_DEVICES",
];

/** Whether a spec may not set the variable: with it a container could see devices that it does not hold. */
export function isReservedVariable(name: string): boolean {
  if (reservedNames.includes(name)) return true;
  if (notReserved.some((pattern) => pattern.test(name))) return false;
  return reservedPrefixes.some((prefix) => name.startsWith(prefix));
}

/** Any text but one with a NUL in it, which ends a word for the kernel. */
export const Words = z.string().regex(/^[^\0]*$/, "text without a NUL character");

/** What a variable may be called, wherever it is set. */
export const variableName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

const EnvVariable = z.strictObject({
  name: z
    .string()
    .regex(variableName, "a variable name: letters, digits and _, not starting with a digit")
    .refine((name) => !isReservedVariable(name), {
      error: "is set by ds01 from the GPUs the container holds; ask for GPUs with spec.gpus",
    })
    .meta({
      description: "Name of the variable. NVIDIA_VISIBLE_DEVICES and CUDA_VISIBLE_DEVICES are set by ds01.",
      examples: ["EPOCHS"],
    }),
  value: Words.default("").meta({
    description: "Its value, as text (write numbers in quotes).",
    examples: ["3"],
  }),
});

/** `spec.env` of a ContainerSpec. */
export const Environment = z
  .array(EnvVariable)
  .superRefine(checkVariableNames, { when: ({ value }) => Array.isArray(value) });
