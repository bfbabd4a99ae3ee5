import { z } from "zod";
import { AcceleratorRequest } from "./accelerators.ts";
import { BlockIo } from "./block-io.ts";
import { ContainerLifecycle } from "./container-lifecycle.ts";
import { processFields } from "./container-process.ts";
import { checkFieldsTogether } from "./container-rules.ts";
import { HostDevice, SecurityContext } from "./container-security.ts";
import { CopiedFiles } from "./copy.ts";
import { EnvironmentSources } from "./env-from.ts";
import { Environment, Words } from "./environment.ts";
import { ByteQuantity, CpuQuantity, GracePeriod, MemorySwap, ObjectName } from "./fields.ts";
import { GpuRequest } from "./gpu-request.ts";
import { ImageBuild } from "./image-build.ts";
import { ImageAliases, ImageReference } from "./image-reference.ts";
import { jobFields } from "./job.ts";
import { LastRun } from "./last-run.ts";
import { Condition } from "./meta.ts";
import { AbsolutePath } from "./path-fields.ts";
import { Secrets } from "./secret.ts";
import { SweepCounts } from "./sweep-counts.ts";
import { Ulimits } from "./ulimit.ts";
import { Volume } from "./volume.ts";
import { StopOverrideStatus } from "./stop-override.ts";
import { StatusSource } from "./source-reference.ts";

export const Port = z.strictObject({
  containerPort: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .meta({ description: "Port inside the container.", examples: [8888] }),
  hostPort: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .meta({ description: "Port on the host; absent: Docker chooses one.", examples: [8888] }),
  hostIP: z
    .union([z.ipv4(), z.ipv6()])
    .default("127.0.0.1")
    .meta({ description: "Address on the host to listen at.", examples: ["127.0.0.1"] }),
  protocol: z.enum(["TCP", "UDP"]).default("TCP").describe("Transport protocol."),
});
export type Port = z.infer<typeof Port>;

export const Resources = z.strictObject({
  cpus: CpuQuantity.optional().describe("CPUs the container may use at most."),
  memory: ByteQuantity.optional().describe("Memory limit; swap is not added to it, see memorySwap."),
  memorySwap: MemorySwap.optional().describe(
    "Memory and swap together at most; none, or as much as memory: no swap.",
  ),
  shmSize: ByteQuantity.optional().describe("Size of /dev/shm; cannot be set together with ipc: host."),
  pidsLimit: z
    .number()
    .int()
    .min(1)
    .optional()
    .meta({ description: "Processes and threads at most.", examples: [4096] }),
  ulimits: Ulimits.optional().describe("Limits of each process, such as memlock and nofile."),
  io: BlockIo.optional().describe("How much of the disks it may use."),
});
export type Resources = z.infer<typeof Resources>;

/** For server-side apply: items are the same when their names are. */
const listByName = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };

/** `spec` of a ContainerSpec: what a person declares. */
export const ContainerSpecSpec = z
  .strictObject({
    desiredState: z
      .enum(["Running", "Stopped", "Paused"])
      .default("Running")
      .describe(
        "Whether the container should run now; `ds01 start`, `stop`, `pause` and `unpause` edit this field.",
      ),
    image: ImageReference.optional().meta({
      description: "Image reference: name, name:tag or name@sha256:digest; this or build.",
      examples: ["pytorch/pytorch:2.5"],
    }),
    build: ImageBuild.optional().meta({
      description: "The image is built from a Dockerfile beside this file; this or image.",
      examples: [{ context: "./app" }],
    }),
    imageAliases: ImageAliases.optional(),
    imagePullPolicy: z
      .enum(["Always", "IfNotPresent", "Never"])
      .default("IfNotPresent")
      .describe("When to ask the registry: before each create, only when absent here, or never."),
    command: z
      .array(Words)
      .min(1)
      .optional()
      .meta({ description: "Entrypoint; absent: the image's.", examples: [["python"]] }),
    args: z
      .array(Words)
      .optional()
      .meta({
        description: "Arguments to the entrypoint; absent: the image's.",
        examples: [["train.py", "--epochs", "3"]],
      }),
    workingDir: AbsolutePath.optional().meta({
      description: "Working directory; absent: the image's.",
      examples: ["/workspace"],
    }),
    ...processFields,
    env: Environment.optional().meta({ description: "Environment variables.", ...listByName }),
    envFrom: EnvironmentSources.optional(),
    user: z
      .string()
      .regex(/^(?:owner|image|root|\d+(?::\d+)?)$/, '"owner", "image", "root" or numbers such as "1000:1000"')
      .default("image")
      .meta({
        description: "Who the process runs as: the namespace's user, the image's user, root, or uid:gid.",
        examples: ["owner"],
      }),
    resources: Resources.optional().describe("Limits; what is absent comes from the quota."),
    gpus: GpuRequest.optional().describe("GPUs to hold; absent: none are visible."),
    accelerators: AcceleratorRequest.optional().describe(
      "Devices other than NVIDIA GPUs to hold; cannot be set together with gpus.",
    ),
    volumes: z
      .array(Volume)
      .optional()
      .meta({ description: "Mounts.", ...listByName }),
    copy: z
      .array(CopiedFiles)
      .max(16, "at most 16 copies; a directory is one")
      .optional()
      .describe("Files that it has before it starts for the first time."),
    secrets: Secrets.optional().meta(listByName),
    presets: z
      .array(ObjectName)
      .optional()
      .meta({
        description: "Mounts and variables that the configuration has a name for: `ds01 get presets`.",
        examples: [["workspace", "huggingface-cache"]],
      }),
    ports: z.array(Port).optional().describe("Ports published on the host."),
    network: z
      .string()
      // By its id Docker would take the host's own network for any other.
      .regex(
        /^(?![0-9a-f]{12,64}$)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
        '"bridge", "host", "none" or the name of a Docker network',
      )
      .default("bridge")
      .meta({
        description: "bridge, host, none, or the name of an existing Docker network; host needs a grant.",
        examples: ["bridge"],
      }),
    ipc: z
      .enum(["private", "host"])
      .default("private")
      .describe("IPC namespace; host needs a grant and excludes resources.shmSize."),
    pid: z
      .enum(["private", "host"])
      .optional()
      .meta({
        description:
          "PID namespace; absent: private. host shows all processes of the host and needs a grant.",
        examples: ["private"],
      }),
    securityContext: SecurityContext.optional().describe("What it may do beyond others, or less."),
    devices: z
      .array(HostDevice)
      .optional()
      .describe("Device nodes of the host; GPUs and accelerators are asked for with gpus and accelerators."),
    restartPolicy: z
      .enum(["Always", "OnFailure", "Never"])
      .default("Always")
      .describe("Whether to start the container again when its process ends."),
    ...jobFields,
    stopGracePeriod: GracePeriod.default("30s").meta({
      description: "Time between SIGTERM and SIGKILL when it is stopped.",
      examples: ["30s"],
    }),
    lifecycle: ContainerLifecycle.optional().describe("Deadlines; the quota gives defaults and bounds."),
    priority: z
      .number()
      .int()
      .min(0)
      .max(100)
      .optional()
      .meta({ description: "Place in the queue; a quota bounds it.", examples: [50] }),
    preemptible: z
      .boolean()
      .optional()
      .meta({
        description:
          "May be stopped for work of higher priority, and for that run beyond the quota on GPUs that are idle.",
        examples: [true],
      }),
  })
  .superRefine(checkFieldsTogether, { when: ({ value }) => typeof value === "object" && value !== null });
export type ContainerSpecSpec = z.infer<typeof ContainerSpecSpec>;

/** States a person sees; the diagram in docs/lifecycle.md is generated from the machine. */
export const phases = [
  "Pending",
  "Preparing",
  "Allocated",
  "Creating",
  "Starting",
  "Running",
  "Paused",
  "Stopping",
  "Held",
  "Released",
  "Stopped",
  "Removing",
  "Completed",
  "Backoff",
  "Failed",
  "Degraded",
] as const;
export type Phase = (typeof phases)[number];

const time = z.string().describe("RFC 3339 time");

/** `status` of a ContainerSpec: what ds01 found and did. */
export const ContainerStatus = z.object({
  phase: z.enum(phases).describe("One word for people; scripts should read the conditions."),
  reason: z.string().optional().describe("Why it is in this phase: one CamelCase word."),
  message: z.string().optional().describe("The same for people."),
  observedGeneration: z.number().int().describe("Generation of the spec this status was computed from."),
  conditions: z
    .array(Condition)
    .describe("Accepted, QuotaReserved, GpuAllocated, ImageReady, Ready, ...")
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
  container: z
    .object({
      id: z.string(),
      name: z.string(),
      image: z.string(),
      startedAt: time.optional(),
      finishedAt: time.optional(),
      exitCode: z.number().int().optional(),
    })
    .optional()
    .describe("The Docker container."),
  gpus: z
    .array(
      z.object({
        uuid: z.string(),
        slot: z.string(),
        profile: z.string().optional(),
        sharedBy: z
          .number()
          .int()
          .optional()
          .describe(
            "For a time slice: how many containers may share the GPU, not isolated from one another.",
          ),
        reason: z.string().optional().describe("What is wrong with it: DeviceGone."),
      }),
    )
    .describe("Devices held."),
  restarts: z.number().int().describe("How often ds01 started it again."),
  lastRun: LastRun.optional(),
  elements: SweepCounts.optional(),
  pendingLimits: z
    .array(z.object({ name: z.string(), value: z.string(), wanted: z.string() }))
    .optional()
    .describe("Limits that apply at its next start: what it has now, and what is wanted."),
  holdUntil: time.optional().describe("Until when a stopped container keeps its GPUs."),
  removeAt: time.optional().describe("When a stopped container is removed."),
  expiresAt: time.optional().describe("When maxRuntime ends."),
  idleSince: time
    .optional()
    .describe("Since when nothing goes on in a container that may not be idle for ever."),
  nextStartAt: time.optional().describe("When a container that crashed or lost its GPUs is started again."),
  override: StopOverrideStatus.optional(),
  borrowing: z
    .boolean()
    .optional()
    .describe("True: its GPUs are beyond its owner's quota, and are given back when others ask for theirs."),
  queue: z
    .object({
      position: z.number().int(),
      of: z.number().int(),
      priority: z.number().int().optional(),
      since: time.optional().describe("Since when it waits."),
      eta: time.optional().describe("When it is expected to start."),
      promised: time.optional().describe("The earliest start it was promised, once that has slipped."),
      basis: z
        .enum(["limit", "history", "unknown"])
        .describe("What the expected start rests on: limits of what runs, or how long earlier runs took."),
    })
    .optional()
    .describe("Place among those waiting for GPUs."),
  source: StatusSource.describe("The file this object comes from."),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;
