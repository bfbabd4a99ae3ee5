import { z } from "zod";
import { AbsolutePath } from "./path-fields.ts";

/** A Linux capability as Kubernetes writes it. */
export const Capability = z
  .string()
  .regex(/^(?!CAP_)[A-Z][A-Z0-9_]{1,40}$/, 'a capability without "CAP_", such as SYS_PTRACE, or ALL');

/** Permissions of a device node: read, write, mknod. */
export const DevicePermissions = z
  .string()
  .regex(/^(?:r|w|m|rw|rm|wm|rwm)$/, '"rwm" or a part of it: r (read), w (write), m (mknod)');

const profile = (what: string) =>
  z.strictObject({
    type: z.enum(["RuntimeDefault", "Unconfined"]).describe(`Docker's own ${what}, or none (needs a grant).`),
  });

/** What a container may do beyond others, or less; field names as in a Kubernetes container. */
export const SecurityContext = z.strictObject({
  privileged: z
    .boolean()
    .optional()
    .meta({
      description: "Every right on the host, and all of its devices; needs a grant.",
      examples: [true],
    }),
  capabilities: z
    .strictObject({
      add: z
        .array(Capability)
        .optional()
        .meta({
          description: "Added; what Docker does not give to every container needs a grant.",
          examples: [["SYS_PTRACE"]],
        }),
      drop: z
        .array(Capability)
        .optional()
        .meta({ description: "Taken away; always allowed.", examples: [["ALL"]] }),
    })
    .optional()
    .meta({ description: "Linux capabilities.", examples: [{ drop: ["ALL"] }] }),
  allowPrivilegeEscalation: z
    .boolean()
    .optional()
    .meta({
      description: "false: no process can gain rights, not by setuid programs either.",
      examples: [false],
    }),
  readOnlyRootFilesystem: z
    .boolean()
    .optional()
    .meta({ description: "Only volumes can be written.", examples: [true] }),
  seccompProfile: profile("filter of system calls")
    .optional()
    .meta({ description: "Filter of system calls.", examples: [{ type: "Unconfined" }] }),
  appArmorProfile: profile("AppArmor profile")
    .optional()
    .meta({ description: "AppArmor profile.", examples: [{ type: "Unconfined" }] }),
});
export type SecurityContext = z.infer<typeof SecurityContext>;

/** A device node of the host; GPUs and accelerators are asked for with `gpus` and `accelerators`. */
export const HostDevice = z.strictObject({
  hostPath: AbsolutePath.meta({
    description: "Device node on the host; a quota must grant it (spec.policy.devices).",
    examples: ["/dev/fuse"],
  }),
  containerPath: AbsolutePath.optional().meta({
    description: "Where it appears inside the container; absent: where it is on the host.",
    examples: ["/dev/fuse"],
  }),
  permissions: DevicePermissions.optional().meta({
    description: "What may be done with it; absent: rwm.",
    examples: ["rw"],
  }),
});
export type HostDevice = z.infer<typeof HostDevice>;
