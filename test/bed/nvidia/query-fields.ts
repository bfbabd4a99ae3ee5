import { memoryUsedMiB, migIsOn } from "./devices.ts";
import type { GpuModel } from "./models.ts";
import { modelOf } from "./models.ts";
import type { GpuState, SimulatedGpu } from "./state.ts";

/** What a field is computed from. */
export interface FieldContext {
  readonly state: GpuState;
  readonly gpu: SimulatedGpu;
  readonly model: GpuModel;
  readonly index: number;
  readonly count: number;
}

/** One property of --query-gpu. */
export interface QueryField {
  readonly name: string;
  readonly alias?: string;
  readonly unit?: string;
  /** Read from the running card, so a lost card cannot answer it. */
  readonly live?: boolean;
  /** The first driver branch that knows it. */
  readonly since?: number;
  readonly description: string;
  readonly value: (context: FieldContext) => string | number;
}

const notAvailable = "[N/A]";
const deprecated = "[Requested functionality has been deprecated]";

/** The context of one card of the state. */
export function fieldContext(
  state: GpuState,
  gpus: readonly SimulatedGpu[],
  gpu: SimulatedGpu,
): FieldContext {
  return { state, gpu, model: modelOf(gpu.model), index: gpus.indexOf(gpu), count: gpus.length };
}

/** The fields the state's driver knows, in the order of --help-query-gpu. */
export function queryFields(state: GpuState): QueryField[] {
  const branch = Number.parseInt(state.driverVersion, 10);
  return fields.filter((field) => branch >= (field.since ?? 0));
}

/** One cell as nvidia-smi prints it: a lost card answers live fields with `[GPU is lost]`. */
export function cell(field: QueryField, context: FieldContext, units: boolean): string {
  if (field.live === true && context.gpu.lost !== undefined) return "[GPU is lost]";
  const value = String(field.value(context));
  return units && field.unit !== undefined && !/^\[?[A-Z]/.test(value) ? `${value} ${field.unit}` : value;
}

/** The time as nvidia-smi prints it. */
export function timestamp(): string {
  const now = new Date();
  const two = (part: number): string => String(part).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("/");
  return `${date} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, "0")}`;
}

function busPart(part: number): (context: FieldContext) => string {
  return ({ gpu }) => `0x${(gpu.busId.split(/[:.]/)[part] ?? "").slice(-4)}`;
}

function withoutMig(
  read: (context: FieldContext) => string | number,
): (context: FieldContext) => string | number {
  return (context) => (migIsOn(context.gpu) ? notAvailable : read(context));
}

function withEcc(
  read: (context: FieldContext) => string | number,
): (context: FieldContext) => string | number {
  return (context) => (context.model.ecc ? read(context) : notAvailable);
}

function yes(flag: boolean): string {
  return flag ? "Yes" : "No";
}

const power = (context: FieldContext): string => context.gpu.powerW.toFixed(2);
const powerLimit = (context: FieldContext): string => context.model.powerLimitW.toFixed(2);
const eccMode = (context: FieldContext): string => (context.model.ecc ? "Enabled" : notAvailable);

const fields: readonly QueryField[] = [
  { name: "timestamp", description: "When the query was made.", value: timestamp },
  {
    name: "driver_version",
    description: "The version of the display driver.",
    value: ({ state }) => state.driverVersion,
  },
  { name: "count", description: "The number of GPUs in the system.", value: ({ count }) => count },
  {
    name: "name",
    alias: "gpu_name",
    description: "The official product name.",
    value: ({ model }) => model.productName,
  },
  {
    name: "serial",
    alias: "gpu_serial",
    description: "The number printed on the board.",
    value: withEcc(({ gpu }) => gpu.serial),
  },
  {
    name: "uuid",
    alias: "gpu_uuid",
    description: "The immutable identifier of the GPU.",
    value: ({ gpu }) => gpu.uuid,
  },
  { name: "pci.bus_id", alias: "gpu_bus_id", description: "PCI bus id.", value: ({ gpu }) => gpu.busId },
  { name: "pci.domain", description: "PCI domain number, in hex.", value: busPart(0) },
  { name: "pci.bus", description: "PCI bus number, in hex.", value: busPart(1) },
  { name: "pci.device", description: "PCI device number, in hex.", value: busPart(2) },
  {
    name: "pci.device_id",
    description: "PCI vendor device id, in hex.",
    value: ({ model }) => `0x${model.pciDeviceId}`,
  },
  {
    name: "index",
    description: "Zero based index of the GPU. Can change at each boot.",
    value: ({ index }) => index,
  },
  { name: "display_mode", description: "Deprecated.", value: () => deprecated },
  { name: "display_active", description: "Whether a display is initialized.", value: () => "Disabled" },
  { name: "persistence_mode", description: "Whether persistence mode is enabled.", value: () => "Enabled" },
  { name: "accounting.mode", description: "Whether accounting is enabled.", value: () => "Disabled" },
  { name: "vbios_version", description: "The BIOS of the GPU board.", value: () => "92.00.9E.00.01" },
  {
    name: "gpu_recovery_action",
    since: 565,
    live: true,
    description: "What brings the GPU back.",
    value: ({ gpu }) => gpu.recoveryAction,
  },
  {
    name: "fan.speed",
    unit: "%",
    live: true,
    description: "Intended fan speed.",
    value: ({ model }) => (model.ecc ? notAvailable : 30),
  },
  {
    name: "pstate",
    live: true,
    description: "The performance state.",
    value: ({ gpu }) => (gpu.utilizationPercent > 0 ? "P0" : "P8"),
  },
  {
    name: "memory.total",
    unit: "MiB",
    live: true,
    description: "Total installed memory.",
    value: ({ model }) => model.memoryTotalMiB,
  },
  {
    name: "memory.reserved",
    unit: "MiB",
    live: true,
    description: "Memory reserved by the driver.",
    value: ({ model }) => model.memoryReservedMiB,
  },
  {
    name: "memory.used",
    unit: "MiB",
    live: true,
    description: "Memory allocated by contexts.",
    value: ({ gpu }) => memoryUsedMiB(gpu),
  },
  {
    name: "memory.free",
    unit: "MiB",
    live: true,
    description: "Total free memory.",
    value: ({ gpu, model }) =>
      Math.max(0, model.memoryTotalMiB - model.memoryReservedMiB - memoryUsedMiB(gpu)),
  },
  {
    name: "compute_mode",
    live: true,
    description: "Whether several contexts may run.",
    value: () => "Default",
  },
  {
    name: "compute_cap",
    description: "The CUDA compute capability.",
    value: ({ model }) => model.computeCapability,
  },
  {
    name: "utilization.gpu",
    unit: "%",
    live: true,
    description: "Time a kernel was executing.",
    value: withoutMig(({ gpu }) => gpu.utilizationPercent),
  },
  {
    name: "utilization.memory",
    unit: "%",
    live: true,
    description: "Time memory was read or written.",
    value: withoutMig(({ gpu }) => Math.floor(gpu.utilizationPercent / 2)),
  },
  { name: "ecc.mode.current", live: true, description: "The ECC mode in force.", value: eccMode },
  { name: "ecc.mode.pending", live: true, description: "The ECC mode after a reboot.", value: eccMode },
  {
    name: "ecc.errors.corrected.volatile.total",
    live: true,
    description: "Errors since the driver loaded.",
    value: withEcc(({ gpu }) => gpu.eccCorrected),
  },
  {
    name: "ecc.errors.corrected.aggregate.total",
    live: true,
    description: "Errors of its lifetime.",
    value: withEcc(({ gpu }) => gpu.eccCorrected),
  },
  {
    name: "ecc.errors.uncorrected.volatile.total",
    live: true,
    description: "Errors since the driver loaded.",
    value: withEcc(({ gpu }) => gpu.eccUncorrected),
  },
  {
    name: "ecc.errors.uncorrected.aggregate.total",
    live: true,
    description: "Errors of its lifetime.",
    value: withEcc(({ gpu }) => gpu.eccUncorrected),
  },
  {
    name: "retired_pages.single_bit_ecc.count",
    live: true,
    description: "Pages retired.",
    value: () => notAvailable,
  },
  {
    name: "retired_pages.double_bit.count",
    live: true,
    description: "Pages retired.",
    value: () => notAvailable,
  },
  {
    name: "retired_pages.pending",
    live: true,
    description: "Whether pages wait to be retired.",
    value: () => notAvailable,
  },
  {
    name: "remapped_rows.correctable",
    live: true,
    description: "Rows remapped.",
    value: withoutMig(withEcc(() => 0)),
  },
  {
    name: "remapped_rows.uncorrectable",
    live: true,
    description: "Rows remapped.",
    value: withoutMig(withEcc(({ gpu }) => (gpu.remappedPending ? 1 : 0))),
  },
  {
    name: "remapped_rows.pending",
    live: true,
    description: "Whether rows wait for a reset.",
    value: withoutMig(withEcc(({ gpu }) => yes(gpu.remappedPending))),
  },
  {
    name: "remapped_rows.failure",
    live: true,
    description: "Whether a remapping failed.",
    value: withoutMig(withEcc(({ gpu }) => yes(gpu.remappedFailure))),
  },
  {
    name: "remapped_rows.histogram.max",
    live: true,
    description: "Banks with every spare row left.",
    value: withEcc(() => 640),
  },
  {
    name: "temperature.gpu",
    live: true,
    description: "Core temperature in degrees C.",
    value: ({ gpu }) => gpu.temperatureC,
  },
  // Without brackets: so the real one prints it.
  {
    name: "temperature.memory",
    live: true,
    description: "HBM temperature in degrees C.",
    value: ({ gpu, model }) => (model.ecc ? gpu.temperatureC + 6 : "N/A"),
  },
  { name: "power.management", description: "Deprecated.", value: () => deprecated },
  { name: "power.draw", unit: "W", live: true, description: "The last measured power draw.", value: power },
  { name: "power.draw.average", unit: "W", live: true, description: "The average power draw.", value: power },
  {
    name: "power.draw.instant",
    unit: "W",
    live: true,
    description: "The last measured power draw.",
    value: power,
  },
  { name: "power.limit", unit: "W", live: true, description: "The software power limit.", value: powerLimit },
  {
    name: "enforced.power.limit",
    unit: "W",
    live: true,
    description: "The power limit in force.",
    value: powerLimit,
  },
  {
    name: "power.default_limit",
    unit: "W",
    live: true,
    description: "The default power limit.",
    value: powerLimit,
  },
  {
    name: "power.max_limit",
    unit: "W",
    live: true,
    description: "The highest power limit.",
    value: powerLimit,
  },
  {
    name: "clocks.current.sm",
    alias: "clocks.sm",
    unit: "MHz",
    live: true,
    description: "SM clock.",
    value: ({ gpu }) => (gpu.utilizationPercent > 0 ? 1410 : 210),
  },
  { name: "clocks.max.sm", unit: "MHz", live: true, description: "Highest SM clock.", value: () => 1410 },
  {
    name: "mig.mode.current",
    live: true,
    description: "The MIG mode in force.",
    value: ({ gpu }) => gpu.migMode,
  },
  {
    name: "mig.mode.pending",
    live: true,
    description: "The MIG mode after a reset.",
    value: ({ gpu }) => gpu.migPending,
  },
];
