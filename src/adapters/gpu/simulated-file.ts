import { createHash } from "node:crypto";
import { parse } from "yaml";
import { z } from "zod";
import { ByteQuantity } from "../../api/fields.ts";
import { gpuEquivalentsOf } from "../../core/quota/gpu-equivalents.ts";
import type { Device, DeviceUsage } from "../../core/schedule/device.ts";
import { parseBytes } from "../../util/quantity.ts";

const SimulatedGpu = z.strictObject({
  uuid: z.string().min(1).optional(),
  index: z.number().int().min(0).optional(),
  model: z.string().min(1),
  memory: ByteQuantity,
  mig: z
    .array(z.string().regex(/^(?:\d+c\.)?\d+g\.\d+gb(?:\+[a-z.]+)*$/, 'a profile such as "2g.20gb"'))
    .optional(),
  computeCapability: z
    .string()
    .regex(/^\d+\.\d+$/, 'a compute capability such as "9.0"')
    .optional(),
  state: z.enum(["healthy", "unhealthy"]).default("healthy"),
  utilization: z.number().int().min(0).max(100).default(0),
});
type SimulatedGpu = z.infer<typeof SimulatedGpu>;

const SimulatedGpus = z.strictObject({ gpus: z.array(SimulatedGpu) });

/** What a file of simulated GPUs describes. */
export interface SimulatedDevices {
  readonly devices: readonly Device[];
  readonly usage: ReadonlyMap<string, DeviceUsage>;
}

/** The devices that a file of simulated GPUs (YAML or JSON) describes; throws an Error that says what is wrong. */
export function parseSimulatedGpus(text: string): SimulatedDevices {
  const parsed = SimulatedGpus.safeParse(parse(text));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " "));
  const found = parsed.data.gpus.map((gpu, place) => ({ gpu, own: devicesOf(gpu, gpu.index ?? place) }));
  const devices = found.flatMap(({ own }) => own);
  for (const key of ["slot", "uuid"] as const) {
    const values = devices.map((device) => device[key]);
    const twice = values.find((value, place) => values.indexOf(value) !== place);
    if (twice !== undefined) throw new Error(`${key} ${twice} stands there twice`);
  }
  const usage = new Map(
    found.flatMap(({ gpu, own }) => own.map((device) => [device.uuid, usageOf(gpu, device)] as const)),
  );
  return { devices, usage };
}

/** Nothing computes on what is not there; as with real ones nobody can tell the use of a slice. */
function usageOf({ utilization }: SimulatedGpu, { profile, migEnabled }: Device): DeviceUsage {
  const utilizationPercent = profile === null && !migEnabled ? utilization : null;
  return { memoryUsedBytes: null, utilizationPercent, processes: [] };
}

function devicesOf(gpu: SimulatedGpu, index: number): readonly Device[] {
  const isHealthy = gpu.state === "healthy";
  const whole: Device = {
    uuid: gpu.uuid ?? `GPU-${derivedUuid(`gpu ${index}`)}`,
    slot: `${index}`,
    index,
    model: gpu.model,
    memoryBytes: parseBytes(gpu.memory) ?? 0,
    computeCapability: gpu.computeCapability ?? null,
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: gpu.mig !== undefined,
    healthy: isHealthy,
    unhealthyReason: isHealthy ? null : "simulated as unhealthy",
    links: null,
  };
  return [whole, ...(gpu.mig ?? []).map((profile, place) => sliceOf(whole, profile, place))];
}

function sliceOf(whole: Device, profile: string, place: number): Device {
  return {
    ...whole,
    uuid: `MIG-${derivedUuid(`${whole.uuid} ${place} ${profile}`)}`,
    slot: `${whole.index}:${place}`,
    memoryBytes: parseBytes(`${/(\d+)gb/.exec(profile)?.[1] ?? "0"}Gi`) ?? 0,
    profile,
    parentUuid: whole.uuid,
    gpuEquivalents: gpuEquivalentsOf(profile, whole.model),
    migEnabled: false,
  };
}

/** The same text always gives the same UUID, so that a restart changes nothing. */
function derivedUuid(text: string): string {
  const hex = createHash("sha256").update(`ds01 simulated ${text}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
