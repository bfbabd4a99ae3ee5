import { gpuEquivalentsOf } from "../../core/quota/gpu-equivalents.ts";
import type { DeviceReport } from "../../core/health/device-report.ts";
import type { Device } from "../../core/schedule/device.ts";
import { parseBytes } from "../../util/quantity.ts";
import { garbled } from "./nvidia-smi-error.ts";
import type { ListedGpu, ListedMigDevice } from "./parse-list.ts";
import type { DetailedGpu, DetailedMigDevice, GpuProcess } from "./parse-processes.ts";
import type { QueriedGpu } from "./parse-query.ts";

/** The three answers about the same moment. */
export interface NvidiaAnswers {
  readonly listed: readonly ListedGpu[];
  readonly queried: readonly QueriedGpu[];
  readonly detailed: readonly DetailedGpu[];
}

/** Numbers of one device without what desktops hold, and its processes before it is known whose they are. */
export interface RawUsage {
  readonly memoryUsedBytes: number | null;
  readonly utilizationPercent: number | null;
  readonly processes: readonly GpuProcess[];
}

export interface NvidiaDevices {
  readonly devices: readonly Device[];
  readonly usage: ReadonlyMap<string, RawUsage>;
  readonly reports: ReadonlyMap<string, DeviceReport>;
}

/**
 * Joins the answers into devices: GPUs and slices by UUID, each process at its slice, or at the GPU when the
 * slice is not known. Throws when they disagree on what exists: something was just lost or repartitioned.
 */
export function assembleDevices(answers: NvidiaAnswers, last: readonly Device[]): NvidiaDevices {
  const devices: Device[] = [];
  const usage = new Map<string, RawUsage>();
  const reports = new Map<string, DeviceReport>();
  agree(answers.listed, answers.queried, "--query-gpu");
  agree(answers.listed, answers.detailed, "-q -x");
  for (const gpu of answers.listed) {
    const row = sameUuid(answers.queried, gpu.uuid);
    const detail = sameUuid(answers.detailed, gpu.uuid);
    if (detail.migDevices.length !== gpu.migDevices.length) {
      throw garbled(
        "-q -x",
        `${detail.migDevices.length} MIG devices of GPU ${gpu.index}, -L ${gpu.migDevices.length}`,
      );
    }
    const whole = wholeDevice(gpu, row, last);
    devices.push(whole);
    reports.set(whole.uuid, reportOf(row));
    const slices = gpu.migDevices.map((listed) => {
      const found = detail.migDevices.find((one) => one.deviceIndex === listed.deviceIndex);
      return { device: sliceDevice(whole, listed, found), detail: found };
    });
    devices.push(...slices.map(({ device }) => device));
    addUsage(usage, { whole, row, slices, gpu: detail });
  }
  return { devices, usage, reports };
}

const lostText = "the driver has lost the GPU (off the bus, or it needs a reset)";

function reportOf(row: QueriedGpu): DeviceReport {
  return {
    busId: row.busId,
    lost: row.lost ? lostText : null,
    recoveryAction: row.recoveryAction === "None" ? null : row.recoveryAction,
    remappingPending: row.remappingPending,
    remappingFailed: row.remappingFailed,
    uncorrectedErrors: row.uncorrectedErrors,
    temperatureCelsius: row.temperatureCelsius,
  };
}

/** Why a GPU must not be handed out; null when nothing speaks against it. */
export function sicknessOf(row: QueriedGpu): string | null {
  if (row.lost) return lostText;
  if (row.recoveryAction !== null && row.recoveryAction !== "None") {
    return `the driver asks for: ${row.recoveryAction}`;
  }
  if (row.remappingFailed) return "row remapping failed: the memory is worn out";
  if (row.computeMode === "Prohibited") return "compute mode is Prohibited";
  return null;
}

function wholeDevice(gpu: ListedGpu, row: QueriedGpu, last: readonly Device[]): Device {
  const unhealthyReason = sicknessOf(row);
  const before = last.find((device) => device.uuid === gpu.uuid);
  return {
    uuid: gpu.uuid,
    slot: `${gpu.index}`,
    index: gpu.index,
    model: gpu.name,
    memoryBytes: row.memoryTotalBytes ?? before?.memoryBytes ?? 0,
    computeCapability: row.computeCapability ?? before?.computeCapability ?? null,
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: row.migEnabled || gpu.migDevices.length > 0,
    healthy: unhealthyReason === null,
    unhealthyReason,
    links: null,
  };
}

function sliceDevice(parent: Device, listed: ListedMigDevice, detail: DetailedMigDevice | undefined): Device {
  const nominal = /(\d+)gb/.exec(listed.profile)?.[1];
  return {
    ...parent,
    uuid: listed.uuid,
    slot: `${parent.index}:${listed.deviceIndex}`,
    memoryBytes: detail?.memoryTotalBytes ?? (nominal === undefined ? 0 : (parseBytes(`${nominal}Gi`) ?? 0)),
    profile: listed.profile,
    parentUuid: parent.uuid,
    ...(/^\d+$/.test(detail?.gpuInstance ?? "") ? { gpuInstance: Number(detail?.gpuInstance) } : {}),
    gpuEquivalents: gpuEquivalentsOf(listed.profile, parent.model),
    migEnabled: false,
  };
}

interface GpuWithSlices {
  readonly whole: Device;
  readonly row: QueriedGpu;
  readonly slices: readonly { readonly device: Device; readonly detail: DetailedMigDevice | undefined }[];
  readonly gpu: DetailedGpu;
}

function addUsage(usage: Map<string, RawUsage>, { whole, row, slices, gpu }: GpuWithSlices): void {
  const placed = new Set<GpuProcess>();
  for (const { device, detail } of slices) {
    const inside = gpu.processes.filter(
      (process) =>
        detail !== undefined &&
        process.gpuInstance === detail.gpuInstance &&
        process.computeInstance === detail.computeInstance,
    );
    for (const process of inside) placed.add(process);
    usage.set(device.uuid, {
      memoryUsedBytes: detail?.memoryUsedBytes ?? null,
      utilizationPercent: null,
      processes: inside,
    });
  }
  usage.set(whole.uuid, {
    memoryUsedBytes:
      row.memoryUsedBytes === null ? null : Math.max(0, row.memoryUsedBytes - gpu.graphicsMemoryBytes),
    utilizationPercent: row.utilizationPercent,
    processes: gpu.processes.filter((process) => !placed.has(process)),
  });
}

function agree(
  listed: readonly ListedGpu[],
  others: readonly { readonly uuid: string }[],
  call: string,
): void {
  const names = (gpus: readonly { readonly uuid: string }[]): string =>
    gpus
      .map(({ uuid }) => uuid.toLowerCase())
      .toSorted()
      .join(" ");
  if (names(listed) === names(others)) return;
  throw garbled(call, `${others.length} GPUs where -L lists ${listed.length}, or other ones`);
}

function sameUuid<T extends { readonly uuid: string }>(rows: readonly T[], uuid: string): T {
  const row = rows.find((one) => one.uuid.toLowerCase() === uuid.toLowerCase());
  if (row === undefined) throw garbled("-L", `${uuid}, which no other answer knows`);
  return row;
}
