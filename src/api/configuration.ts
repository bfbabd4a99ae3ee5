import { z } from "zod";
import { ApiConfiguration } from "./api-configuration.ts";
import { ByteQuantity, Duration, DurationOrNever, ObjectName, StrategyName } from "./fields.ts";
import { ConfiguredPreset, VolumeMode } from "./preset.ts";
import { deletionPolicies } from "./names.ts";
import { IdleConfiguration } from "./idle-configuration.ts";
import { SourcesConfiguration } from "./source-configuration.ts";
import { NotificationConfiguration } from "./notification-configuration.ts";

/** The configuration file: everything is optional; flags beat variables, which beat the file. */
export const Configuration = z.strictObject({
  specs: z.string().min(1).optional().describe("Directory of the spec files."),
  sources: SourcesConfiguration.optional().describe(
    "Where specs come from, instead of the one directory of `specs`.",
  ),
  stateDir: z.string().min(1).optional().describe("Directory for state."),
  runDir: z.string().min(1).optional().describe("Directory for the API socket."),
  logDir: z.string().min(1).optional().describe("Directory for events and the operations log."),
  dockerHost: z.string().min(1).optional().describe("Docker engine, such as unix:///var/run/docker.sock."),
  gpus: z
    .string()
    .min(1)
    .optional()
    .describe("auto, nvidia, none or simulated:FILE, and with a comma also tpu or cdi."),
  gpuInjection: z
    .enum(["auto", "cdi", "hook", "runtime"])
    .optional()
    .describe("How NVIDIA GPUs are passed into containers."),
  gpuAccess: z
    .strictObject({
      probe: DurationOrNever.optional(),
      onLost: z.enum(["notify", "restart", "recreate"]).optional(),
    })
    .optional()
    .describe("How often to look whether containers can still open their GPUs, and what to do when not."),
  api: ApiConfiguration.optional().describe("How the API is reached beside its socket, and what users see."),
  trust: z
    .enum(["owner", "path"])
    .optional()
    .describe("Whether a file must belong to the user of its directory (owner), or the path alone decides."),
  instance: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/)
    .optional()
    .describe("Name of this controller in labels; set it when the state directory moves."),
  admins: z
    .strictObject({
      users: z.array(z.string().min(1)).optional(),
      groups: z.array(z.string().min(1)).optional(),
    })
    .optional()
    .describe("Who may change everything, beside root."),
  allocation: z
    .strictObject({
      strategy: StrategyName.optional(),
      allowOverride: z
        .array(StrategyName)
        .optional()
        .describe("Strategies that a spec may name in spec.gpus.strategy; none unless they stand here."),
    })
    .optional()
    .describe("How devices are chosen."),
  mig: z
    .strictObject({
      dynamic: z
        .boolean()
        .optional()
        .describe("Cut slices that specs wait for, and take idle ones of its own away; false."),
    })
    .optional()
    .describe("What ds01 may do with cards in MIG mode."),
  sharing: z
    .array(
      z.strictObject({
        devices: z.array(z.string().min(1)).min(1),
        replicas: z.number().int().min(2).max(64),
      }),
    )
    .optional()
    .describe(
      "Whole GPUs (slots or UUIDs) that up to `replicas` containers use at a time, without isolation.",
    ),
  health: z
    .strictObject({
      onUnhealthy: z
        .enum(["leave", "move"])
        .optional()
        .describe("Whether what runs on a GPU that fails goes on there, or moves to another GPU; leave."),
      kernelLog: z
        .string()
        .min(1)
        .optional()
        .describe("Where the kernel log is read; /dev/kmsg. none: not at all."),
      retestAfter: Duration.optional().describe("Time to the first test of a sick GPU; 1m."),
      quietPeriod: Duration.optional().describe(
        "So long without an error before a GPU is trusted again; 10m.",
      ),
      temperatureLimit: z
        .number()
        .int()
        .min(40)
        .max(120)
        .optional()
        .describe("Too hot from here on, in °C; 90."),
    })
    .optional()
    .describe("How the health of GPUs is judged."),
  idle: IdleConfiguration.optional().describe("When containers count as idle, and what follows."),
  notifications: NotificationConfiguration.optional().describe("How people are told of what concerns them."),
  cgroupRoot: z
    .string()
    .regex(
      /^\/?[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
      "names of cgroups, separated by /",
    )
    .optional()
    .describe("The cgroup above those of users with an aggregate quota; ds01."),
  preemption: z
    .strictObject({
      notice: Duration.optional().describe("Time between the notice and the stop; 30s."),
      minRuntime: Duration.optional().describe("What has run for less is left alone; 1m."),
      maxPerDay: z
        .number()
        .int()
        .min(0)
        .max(1000)
        .optional()
        .describe("How often a container has to give way within 24 hours at most; 5. 0: never."),
      reclaimHeld: z
        .enum(["never", "higherPriority", "always"])
        .optional()
        .describe(
          "Who gets GPUs that stopped containers still hold before the hold is over; higherPriority.",
        ),
    })
    .optional()
    .describe("What has to give way to whom."),
  prune: z
    .strictObject({
      deletionPolicy: z
        .enum(deletionPolicies)
        .optional()
        .describe("Whether a running job whose spec is gone is stopped, or goes on to its end; stop."),
    })
    .optional()
    .describe("What becomes of objects whose files are gone."),
  volumes: z
    .strictObject({
      mode: VolumeMode.optional().describe(
        "Where presets keep their files: named volumes, or directories of the host, which that grants to everybody; named.",
      ),
      prefix: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'letters, digits, "_", "." and "-"')
        .optional()
        .describe("What Docker's names of the volumes begin with; ds01-."),
    })
    .optional()
    .describe("Named volumes and where presets keep their files."),
  presets: z
    .record(ObjectName, ConfiguredPreset)
    .optional()
    .describe("Mounts and variables that specs name in spec.presets; changes and adds to those of ds01."),
  builds: z
    .strictObject({
      concurrent: z.number().int().min(1).max(16).optional().describe("Images built at the same time; 2."),
      contextSize: ByteQuantity.optional().describe("What is built from has this size at most; 1Gi."),
    })
    .optional()
    .describe("How images of spec.build are built."),
  registries: z
    .array(
      z.strictObject({
        server: z.string().regex(/^[A-Za-z0-9.-]+(?::\d+)?$/, "a host, with its port where it has one"),
        credentialsFile: z.string().regex(/^\//, "an absolute path"),
      }),
    )
    .optional()
    .describe("Logins for private registries, from files as docker login writes them; none."),
  workers: z.number().int().min(1).max(64).optional().describe("Containers worked on at the same time; 4."),
});
export type Configuration = z.infer<typeof Configuration>;
