import type { DriverFacts } from "../../core/cuda-fit.ts";
import { bytes, known } from "./parse-query.ts";
import { childAt, parseXml, type XmlElement } from "./parse-xml.ts";
import { garbled } from "./nvidia-smi-error.ts";

/** What only `-q -x` tells of one GPU: its slices by instance, and which process is in which instance. */
export interface DetailedGpu {
  readonly uuid: string;
  readonly migDevices: readonly DetailedMigDevice[];
  readonly processes: readonly GpuProcess[];
  /** What desktops hold: memory that is no claim on the GPU. */
  readonly graphicsMemoryBytes: number;
}

/** It has neither UUID nor profile here: `deviceIndex` joins it with `-L`. */
export interface DetailedMigDevice {
  readonly deviceIndex: number;
  readonly gpuInstance: string;
  readonly computeInstance: string;
  readonly memoryTotalBytes: number | null;
  readonly memoryUsedBytes: number | null;
}

/** A process with a compute context; instances are null outside of MIG. */
export interface GpuProcess {
  readonly pid: number;
  readonly name: string;
  readonly gpuInstance: string | null;
  readonly computeInstance: string | null;
  readonly memoryBytes: number | null;
}

/** What the driver says of itself in `nvidia-smi -q -x`. */
export function parseDriver(output: string): DriverFacts {
  const log = parseXml(output);
  return { version: textAt(log, "driver_version"), cudaVersion: textAt(log, "cuda_version") };
}

/** Reads `nvidia-smi -q -x` of drivers R510 to R595. Graphics processes (type G) are no claim on a GPU. */
export function parseProcesses(output: string): readonly DetailedGpu[] {
  const log = parseXml(output);
  if (log.name !== "nvidia_smi_log") throw garbled("-q -x", `<${log.name}>`);
  const gpus = log.children.filter((child) => child.name === "gpu");
  return gpus.map((gpu) => {
    const uuid = textAt(gpu, "uuid");
    if (uuid === null) throw garbled("-q -x", "a GPU without UUID");
    const processes = childrenOf(gpu, "processes", "process_info");
    return {
      uuid,
      migDevices: childrenOf(gpu, "mig_devices", "mig_device").map(migDevice),
      processes: processes.filter((process) => !isGraphics(process)).flatMap(processOf),
      graphicsMemoryBytes: processes
        .filter(isGraphics)
        .reduce((sum, process) => sum + (bytes(textAt(process, "used_memory")) ?? 0), 0),
    };
  });
}

function migDevice(element: XmlElement): DetailedMigDevice {
  const index = textAt(element, "index");
  if (index === null) throw garbled("-q -x", "a MIG device without index");
  return {
    deviceIndex: Number(index),
    gpuInstance: textAt(element, "gpu_instance_id") ?? "",
    computeInstance: textAt(element, "compute_instance_id") ?? "",
    memoryTotalBytes: bytes(textAt(element, "fb_memory_usage", "total")),
    memoryUsedBytes: bytes(textAt(element, "fb_memory_usage", "used")),
  };
}

function processOf(element: XmlElement): readonly GpuProcess[] {
  const pid = Number(textAt(element, "pid") ?? Number.NaN);
  if (!Number.isSafeInteger(pid)) return [];
  return [
    {
      pid,
      name: textAt(element, "process_name") ?? "unknown",
      gpuInstance: textAt(element, "gpu_instance_id"),
      computeInstance: textAt(element, "compute_instance_id"),
      memoryBytes: bytes(textAt(element, "used_memory")),
    },
  ];
}

function isGraphics(element: XmlElement): boolean {
  return textAt(element, "type") === "G";
}

/** The elements of a list; nvidia-smi writes `None` or `N/A` instead of an empty one. */
function childrenOf(gpu: XmlElement, list: string, name: string): readonly XmlElement[] {
  return childAt(gpu, list)?.children.filter((child) => child.name === name) ?? [];
}

function textAt(element: XmlElement, ...path: readonly string[]): string | null {
  const text = childAt(element, ...path)?.text;
  return text === undefined ? null : known(text);
}
