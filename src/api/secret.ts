import { z } from "zod";
import { MountPath, SourcePath } from "./path-fields.ts";

const Secret = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
      "letters, digits, -, _ and ., beginning with a letter or digit",
    )
    .meta({ description: "Name of the secret, unique in this spec.", examples: ["wandb-key"] }),
  file: SourcePath.meta({
    description:
      "A file of the host that a quota grants, or one in the directory of the spec file; read with the owner's rights before each start.",
    examples: ["wandb.key"],
  }),
  mountPath: MountPath.optional().meta({
    description: "Where it appears inside the container; absent: /run/secrets/NAME.",
    examples: ["/run/secrets/wandb-key"],
  }),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'permissions as octal digits in quotes, such as "0400" or "0440"')
    .optional()
    .meta({ description: 'Its permissions; absent: "0400".', examples: ["0440"] }),
});
export type Secret = z.infer<typeof Secret>;

/** `spec.secrets` of a ContainerSpec: files that only the user of the container can read. */
export const Secrets = z.array(Secret).max(16, "at most 16 secrets").meta({
  description:
    "Files that appear in the container for its user alone; Docker and ds01 show nothing of what they hold.",
});

/** Where a secret appears in the container. */
export function secretPath({ name, mountPath }: Pick<Secret, "name" | "mountPath">): string {
  return mountPath ?? usualSecretPath(name);
}

/** Where Docker's own secrets would be as well. */
export function usualSecretPath(name: string): string {
  return `/run/secrets/${name}`;
}
