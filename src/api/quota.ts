import { z } from "zod";
import { AggregateLimits } from "./aggregate.ts";
import { BlockIo } from "./block-io.ts";
import { ByteQuantity, CpuQuantity, DurationOrNever, IdleTimeout, MemorySwap, Unlimited } from "./fields.ts";
import { Condition } from "./meta.ts";
import { policyGrants } from "./quota-policy.ts";
import { Ulimits } from "./ulimit.ts";
import { StatusSource } from "./source-reference.ts";

const UserName = z.string().min(1);

const ResourceLimits = z.strictObject({
  cpus: z.union([Unlimited, CpuQuantity]).optional().describe("CPUs of one container."),
  memory: z.union([Unlimited, ByteQuantity]).optional().describe("Memory of one container."),
  memorySwap: MemorySwap.optional().describe("Memory and swap of one container together."),
  shmSize: z.union([Unlimited, ByteQuantity]).optional().describe("/dev/shm of one container."),
  pidsLimit: z
    .union([Unlimited, z.number().int().min(1)])
    .optional()
    .meta({ description: "Processes of one container.", examples: [4096] }),
  ulimits: Ulimits.optional().describe("Limits of each process."),
  io: BlockIo.optional().describe("Use of the disks by one container."),
});
export type ResourceLimits = z.infer<typeof ResourceLimits>;

export const HostPathGrant = z.strictObject({
  path: z
    .string()
    .regex(/^\/(?!.*(?:^|\/)\.\.(?:\/|$))/, 'an absolute path without ".."; {user} stands for the user name')
    .meta({
      description: 'Path or pattern: {user} is the user name, a trailing "/**" grants everything below.',
      examples: ["/home/{user}/**"],
    }),
  readOnly: z.boolean().default(false).describe("Grant reading only."),
});
export type HostPathGrant = z.infer<typeof HostPathGrant>;

/** `spec` of a QuotaSpec: what some users may have, and what they get when they do not say. */
export const QuotaSpecSpec = z.strictObject({
  subjects: z
    .strictObject({
      users: z
        .array(UserName)
        .optional()
        .meta({ description: "User names.", examples: [["alice"]] }),
      groups: z
        .array(UserName)
        .optional()
        .meta({
          description: "Unix groups, asked from the system's name service.",
          examples: [["students"]],
        }),
      default: z.boolean().default(false).describe("Applies to everybody for whom no other entry says it."),
    })
    .meta({
      description: "Whom this applies to; per field a user entry beats a group entry beats the default.",
      examples: [{ default: true }],
    }),
  priority: z
    .number()
    .int()
    .min(0)
    .max(100)
    .optional()
    .meta({ description: "Priority of the queue, and its upper bound.", examples: [50] }),
  maxContainers: z
    .union([Unlimited, z.number().int().min(0)])
    .optional()
    .meta({ description: "Containers of one user at the same time.", examples: [3] }),
  cohort: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: "Users of quotas with the same cohort lend one another what they do not use.",
      examples: ["lab"],
    }),
  gpus: z
    .strictObject({
      nominal: z
        .union([Unlimited, z.number().min(0)])
        .optional()
        .meta({
          description: "GPU-equivalents of one user at the same time (a 2g slice of 7 is 0.286).",
          examples: [2],
        }),
      borrowingLimit: z
        .union([Unlimited, z.number().min(0)])
        .optional()
        .meta({
          description:
            "GPU-equivalents above nominal that one user may use while they are idle; they are given back when others ask for what is theirs.",
          examples: [1],
        }),
      lendingLimit: z
        .union([Unlimited, z.number().min(0)])
        .optional()
        .meta({
          description: "GPU-equivalents of a user's unused nominal that others may borrow; absent: all.",
          examples: [1],
        }),
      maxPerContainer: z
        .union([Unlimited, z.number().min(0)])
        .optional()
        .meta({ description: "GPU-equivalents of one container.", examples: [1] }),
      allowFullGpu: z
        .boolean()
        .optional()
        .meta({ description: "Whether whole GPUs may be asked for.", examples: [true] }),
      profiles: z
        .array(z.string().min(1))
        .optional()
        .meta({ description: "MIG profiles that may be asked for; absent: all.", examples: [["1g.10gb"]] }),
    })
    .optional()
    .describe("GPUs."),
  perContainer: z
    .strictObject({
      default: ResourceLimits.optional().describe("For a container that names no limit."),
      max: ResourceLimits.optional().describe("What one container may ask for at most."),
    })
    .optional()
    .describe("Limits of each container."),
  aggregate: AggregateLimits.optional().describe(
    "What the containers of one user may use together, kept by a cgroup around them.",
  ),
  lifecycle: z
    .strictObject({
      maxRuntime: DurationOrNever.optional().describe("Running time."),
      idleTimeout: IdleTimeout.optional().describe(
        "How long a container may do nothing before it is stopped.",
      ),
      holdGpuAfterStop: DurationOrNever.optional().describe("How long a stopped container keeps its GPUs."),
      removeAfterStop: DurationOrNever.optional().describe("How long a stopped container is kept."),
    })
    .optional()
    .describe("Default where a spec says nothing, and upper bound where it does."),
  policy: z
    .strictObject({
      hostPaths: z.array(HostPathGrant).optional().describe("Host paths that may be mounted."),
      users: z
        .array(
          z
            .string()
            .regex(/^(?:owner|image|root|\*|\d+(?::\d+)?)$/, '"owner", "image", "root", "uid:gid" or "*"'),
        )
        .optional()
        .meta({
          description: "Values of spec.user that may be used; owner and image where nothing is said.",
          examples: [["owner", "image"]],
        }),
      hostNetwork: z
        .boolean()
        .optional()
        .meta({ description: "Whether network: host may be used.", examples: [false] }),
      hostIPC: z
        .boolean()
        .optional()
        .meta({ description: "Whether ipc: host may be used.", examples: [false] }),
      ...policyGrants,
    })
    .optional()
    .describe("What is not granted is denied."),
});
export type QuotaSpecSpec = z.infer<typeof QuotaSpecSpec>;

/** `status` of a QuotaSpec. */
export const QuotaStatus = z.object({
  observedGeneration: z.number().int(),
  conditions: z.array(Condition),
  users: z
    .array(
      z.object({
        name: z.string(),
        containers: z.number().int(),
        gpuEquivalents: z.number(),
        nominalGpuEquivalents: z
          .number()
          .nullable()
          .optional()
          .describe("GPU-equivalents that the user may use at the same time; null is unlimited."),
        borrowedGpuEquivalents: z
          .number()
          .optional()
          .describe("GPU-equivalents in use beyond that, to be given back; absent: none."),
      }),
    )
    .describe("What each user to whom this quota applies uses now."),
  source: StatusSource,
});
export type QuotaStatus = z.infer<typeof QuotaStatus>;
