import { z } from "zod";

export const gpuStates = ["Free", "Allocated", "Held", "InUse", "Unhealthy", "Cordoned"] as const;
export type GpuState = (typeof gpuStates)[number];

/** `spec` of a Gpu: what the device is. A slice names its parent's UUID. */
export const GpuSpec = z.object({
  uuid: z.string(),
  index: z.number().int(),
  model: z.string(),
  memoryBytes: z.number().int(),
  gpuEquivalents: z
    .number()
    .describe(
      "What it counts against a quota: 1 for a whole GPU, its share of the compute slices for a slice.",
    ),
  computeCapability: z.string().optional(),
  profile: z.string().optional(),
  parent: z.string().optional(),
  placement: z
    .string()
    .optional()
    .describe('Where on its card a slice is, as nvidia-smi writes it: first memory slice and number, "4:2".'),
  gpuInstance: z.number().int().optional().describe("Id of the GPU instance of a slice."),
  sharing: z
    .object({ replicas: z.number().int(), isolated: z.literal(false) })
    .optional()
    .describe(
      "Set for a GPU that time slices share and for each of them: by how many containers; none is isolated.",
    ),
  unschedulable: z
    .boolean()
    .optional()
    .describe(
      "True while an admin keeps it from being handed out (ds01 cordon); what runs on it goes on. With its reason and drain the only field that can be changed.",
    ),
  drain: z
    .boolean()
    .optional()
    .describe(
      "True while what runs on it is to move to other devices (ds01 drain --move); only with unschedulable.",
    ),
  unschedulableReason: z.string().optional().describe("Why, in the words of who cordoned it."),
});
export type GpuSpec = z.infer<typeof GpuSpec>;

/** Reason of a whole GPU that is free only in slices. */
export const cutIntoSlices = "cut into MIG slices";

/** `status` of a Gpu: who holds it and until when. Unknown numbers are null. */
export const GpuStatus = z.object({
  state: z.enum(gpuStates),
  holder: z.object({ namespace: z.string(), name: z.string() }).nullable(),
  until: z.string().nullable().describe("When it is expected to be free (RFC 3339)."),
  memoryUsedBytes: z.number().int().nullable(),
  utilizationPercent: z.number().nullable(),
  reason: z.string().nullable(),
  foreign: z
    .array(z.string())
    .optional()
    .describe("Who uses it without ds01's doing, also beside its holder; absent when nobody does."),
  health: z
    .object({
      state: z.enum(["Healthy", "Suspect", "Unhealthy", "Recovering", "Lost", "Quarantined"]),
      since: z.string().describe("RFC 3339."),
      signals: z.array(z.string()).describe("What speaks against it, the worst first."),
      retestAt: z
        .string()
        .optional()
        .describe("When it is tested again (RFC 3339); absent when only an admin can help."),
    })
    .optional()
    .describe("How far it is to be trusted; absent while nothing speaks against it."),
  room: z
    .array(z.string())
    .optional()
    .describe('What else a card in MIG mode could be cut into now, and where: "2g.20gb at 2, 4".'),
  reservation: z
    .object({
      name: z.string(),
      from: z.string().describe("RFC 3339."),
      until: z.string().describe("RFC 3339."),
    })
    .optional()
    .describe("The reservation that is open or comes next for which it is kept; absent when there is none."),
  cordon: z
    .object({
      by: z.string(),
      since: z.string().describe("RFC 3339."),
      reason: z.string().optional(),
      gpu: z.string().describe("Slot of what is cordoned: this device, or the GPU that it is a slice of."),
    })
    .optional()
    .describe("Who keeps it from being handed out, and since when."),
});
export type GpuStatus = z.infer<typeof GpuStatus>;
