import { z } from "zod";
import { Capability, DevicePermissions } from "./container-security.ts";
import { isPortRange } from "../util/port-range.ts";

/** A device grant of a quota. */
export const DeviceGrant = z.strictObject({
  path: z
    .string()
    .regex(/^\/(?![^]*(?:^|\/)\.\.(?:\/|$))[!-~]*$/, 'an absolute path without ".."')
    .meta({
      description: 'Path or pattern: "*" stands for any text without "/", a trailing "/**" for all below.',
      examples: ["/dev/ttyUSB*"],
    }),
  permissions: DevicePermissions.default("rwm").meta({
    description: "What may be done with it at most.",
    examples: ["rw"],
  }),
});

const imagePatterns = z.array(
  z
    .string()
    .regex(/^[A-Za-z0-9*[][^\s]*$/, 'an image reference in which "*" and "**" stand for any text')
    .max(512, "at most 512 characters"),
);

/** Which images may be used; the names of both lists are compared in Docker's full spelling. */
export const ImagePolicy = z.strictObject({
  allow: imagePatterns
    .optional()
    .meta({ description: "Only these; absent: all.", examples: [["pytorch/**", "ghcr.io/lab/**"]] }),
  deny: imagePatterns
    .optional()
    .meta({ description: "Never these, also where allow has them.", examples: [["docker.io/miners/**"]] }),
});

/** Where ports may be published. */
export const HostPortPolicy = z.strictObject({
  ranges: z
    .array(
      z
        .string()
        .refine(isPortRange, { error: 'is not a port or a range of ports such as "8000-8999" (1 to 65535)' }),
    )
    .optional()
    .meta({ description: "Ports that spec.ports may name.", examples: [["8000-8999", "443"]] }),
  addresses: z
    .array(z.union([z.literal("*"), z.ipv4(), z.ipv6()]))
    .optional()
    .meta({
      description: 'Addresses that ports may be published at; "*" is any.',
      examples: [["127.0.0.1", "10.0.0.5"]],
    }),
});

/** What a quota grants of the host beside paths and users; all optional, absent is not said. */
export const policyGrants = {
  privileged: z
    .boolean()
    .optional()
    .meta({ description: "Whether containers may be privileged.", examples: [false] }),
  hostPID: z
    .boolean()
    .optional()
    .meta({ description: "Whether pid: host may be used.", examples: [false] }),
  devices: z
    .array(DeviceGrant)
    .optional()
    .meta({ description: "Device nodes of the host.", examples: [[{ path: "/dev/fuse" }]] }),
  capabilities: z
    .array(z.union([z.literal("*"), Capability]))
    .optional()
    .meta({
      description: 'Capabilities that may be added; "*" is any.',
      examples: [["SYS_PTRACE"]],
    }),
  securityOptions: z
    .array(z.enum(["seccomp=unconfined", "apparmor=unconfined"]))
    .optional()
    .meta({ description: "Protections that may be switched off.", examples: [["seccomp=unconfined"]] }),
  images: ImagePolicy.optional().meta({
    description: "Images that may be used.",
    examples: [{ deny: ["docker.io/miners/**"] }],
  }),
  build: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether images may be built (spec.build); absent: only where images are neither allowed nor denied by name.",
      examples: [true],
    }),
  hostPorts: HostPortPolicy.optional().meta({
    description: "Ports of the host.",
    examples: [{ ranges: ["8000-8999"] }],
  }),
} as const;
