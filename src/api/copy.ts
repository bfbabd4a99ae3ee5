import { z } from "zod";
import { MountPath, SourcePath } from "./path-fields.ts";

/** `spec.copy`: files that a container has before it starts for the first time. */
export const CopiedFiles = z.strictObject({
  from: SourcePath.meta({
    description:
      "A file or directory of the host that a quota grants, or of the directory of the spec file; read with the owner's rights.",
    examples: ["src/train.py"],
  }),
  to: MountPath.meta({
    description: "Path that it has in the container; not in a host path.",
    examples: ["/app/train.py"],
  }),
});
export type CopiedFiles = z.infer<typeof CopiedFiles>;
