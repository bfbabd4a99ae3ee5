import { z } from "zod";

/** A path below the directory of the spec: nothing absolute, no `..`. */
const PathBelow = z
  .string()
  .max(1024, "at most 1024 characters")
  .regex(
    /^(?!\/)(?!\.\.(?:\/|$))(?![^]*\/\.\.(?:\/|$))[!-~\u00a1-\uffff][ -~\u00a1-\uffff]*$/,
    'a relative path without "..": what is built stands in the directory of the spec or below',
  );

/** `spec.build` of a ContainerSpec: an image from a Dockerfile beside the spec. */
export const ImageBuild = z.strictObject({
  context: PathBelow.default(".").meta({
    description: "Directory with what is built, seen from that of the spec file.",
    examples: ["./app"],
  }),
  dockerfile: PathBelow.default("Dockerfile").meta({
    description: "The Dockerfile, seen from the context.",
    examples: ["Dockerfile"],
  }),
  args: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an ARG"), z.string())
    .optional()
    .meta({
      description: "Values of the Dockerfile's ARGs; whoever has the image can read them.",
      examples: [{ PYTHON: "3.12" }],
    }),
  target: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "the name of a stage of the Dockerfile")
    .optional()
    .meta({ description: "Stage to build; absent: the last.", examples: ["runtime"] }),
});
export type ImageBuild = z.infer<typeof ImageBuild>;
