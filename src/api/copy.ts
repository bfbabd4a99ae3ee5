import { z } from "zod";
import { MountPath } from "./path-fields.ts";

/** A path of the host, or one below the directory of the spec file. */
const CopySource = z.string().regex(
  // eslint-disable-next-line no-control-regex -- control characters are what must not stand in a path
  /^(?![^]*(?:^|\/)\.\.(?:\/|$))[^\0-\x1F\x7F]+$/,
  'an absolute path, or one relative to the directory of the spec file, without ".."',
);

/** `spec.copy`: files that a container has before it starts for the first time. */
export const CopiedFiles = z.strictObject({
  from: CopySource.meta({
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
