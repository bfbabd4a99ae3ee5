import { z } from "zod";
import { ByteQuantity, ObjectName } from "./fields.ts";
import { AbsolutePath, MountPath } from "./path-fields.ts";

/** What may have to stand at a path of the host; the words and their meaning are those of Kubernetes. */
export const hostPathTypes = [
  "",
  "DirectoryOrCreate",
  "Directory",
  "FileOrCreate",
  "File",
  "Socket",
  "CharDevice",
  "BlockDevice",
] as const;
export type HostPathType = (typeof hostPathTypes)[number];

export const HostPathVolume = z.strictObject({
  path: AbsolutePath.meta({
    description: "Path on the host; a quota must grant it (spec.policy.hostPaths).",
    examples: ["/data/shared"],
  }),
  type: z
    .enum(hostPathTypes)
    .optional()
    .describe(
      "What must be there; checked only when given. DirectoryOrCreate and FileOrCreate are made where nothing is, by and for the owner.",
    ),
});
export type HostPathVolume = z.infer<typeof HostPathVolume>;

const NamedVolume = z.strictObject({
  name: ObjectName.meta({
    description: "Name of the volume among its owner's; all containers of the owner that name it share it.",
    examples: ["models"],
  }),
});

export const TmpfsVolume = z.strictObject({
  sizeLimit: ByteQuantity.optional().describe(
    "How much it holds at most; absent: half of the host's memory. What it holds counts as memory of the container.",
  ),
  mode: z
    .string()
    .regex(/^[0-7]{3,4}$/, 'permissions as octal digits in quotes, such as "1777" or "0700"')
    .optional()
    .meta({ description: 'Its permissions; absent: "1777".', examples: ["0700"] }),
});
export type TmpfsVolume = z.infer<typeof TmpfsVolume>;

/** Where the content of a volume can lie. */
export const volumeSources = ["hostPath", "namedVolume", "tmpfs"] as const;

export const Volume = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .meta({ description: "A word for the mount, unique in this spec.", examples: ["data"] }),
    mountPath: MountPath.meta({
      description: "Where it appears inside the container.",
      examples: ["/data"],
    }),
    readOnly: z.boolean().default(false).describe("Mount it read-only."),
    hostPath: HostPathVolume.optional().meta({
      description: "A directory or file of the host.",
      examples: [{ path: "/data/shared" }],
    }),
    namedVolume: NamedVolume.optional().meta({
      description: "A volume that Docker keeps; made when it is first used, and never deleted by ds01.",
      examples: [{ name: "models" }],
    }),
    tmpfs: TmpfsVolume.optional().meta({
      description: "A directory in memory, empty at each start.",
      examples: [{ sizeLimit: "1Gi" }],
    }),
  })
  .superRefine(checkSource, { when: ({ value }) => typeof value === "object" && value !== null });
export type Volume = z.infer<typeof Volume>;

/** Runs also when single fields are wrong, so that all problems show at once. */
function checkSource(volume: object, context: z.RefinementCtx): void {
  const given = volumeSources.filter((source) => Reflect.get(volume, source) !== undefined);
  if (given.length === 1) return;
  const [, second] = given;
  if (second === undefined) {
    const message = "is missing where its content lies: set hostPath, namedVolume or tmpfs";
    context.addIssue({ code: "custom", path: [], message });
    return;
  }
  const message = `cannot be set together with ${given[0]}: a volume lies in one place; remove one of the two`;
  context.addIssue({ code: "custom", path: [second], message });
}
