import { memoryUsedMiB, migIsOn } from "./devices.ts";
import type { Answer } from "./answer.ts";
import { modelOf, profileOf } from "./models.ts";
import type { GpuModel } from "./models.ts";
import type { GpuProcess, GpuState, MigDevice, SimulatedGpu } from "./state.ts";

type Node = readonly [name: string, content: string | number | readonly Node[]];

/** Answers -q -x in the layout of nvsmi_device_v12.dtd (the parts a monitor reads). */
export function queryXml(
  state: GpuState,
  gpus: readonly SimulatedGpu[],
  selected: readonly SimulatedGpu[],
): Answer {
  const branch = Number.parseInt(state.driverVersion, 10);
  const log: Node = [
    "nvidia_smi_log",
    [
      ["timestamp", new Date().toUTCString()],
      ["driver_version", state.driverVersion],
      ["cuda_version", state.cudaVersion],
      ["attached_gpus", gpus.length],
      ...selected.map((gpu): Node => [`gpu id="${gpu.busId}"`, gpuNodes(gpu, branch)]),
    ],
  ];
  const head = '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n';
  return { output: `${head}${render(log, 0)}`, exitCode: 0 };
}

function gpuNodes(gpu: SimulatedGpu, branch: number): Node[] {
  const model = modelOf(gpu.model);
  return [...identityNodes(gpu, model, branch), ...readingNodes(gpu, model)];
}

function identityNodes(gpu: SimulatedGpu, model: GpuModel, branch: number): Node[] {
  const mode = (value: string): string => value.replace(/[[\]]/g, "");
  return [
    ["product_name", model.productName],
    ["product_brand", model.brand],
    ["product_architecture", model.architecture],
    ["persistence_mode", "Enabled"],
    [
      "mig_mode",
      [
        ["current_mig", mode(gpu.migMode)],
        ["pending_mig", mode(gpu.migPending)],
      ],
    ],
    [
      "mig_devices",
      gpu.migDevices.length === 0
        ? "None"
        : gpu.migDevices.map((device, index): Node => ["mig_device", migNodes(gpu, model, device, index)]),
    ],
    ["serial", model.ecc ? gpu.serial : "N/A"],
    ["uuid", gpu.uuid],
    ["minor_number", gpu.minor],
    [
      "gpu_reset_status",
      [
        ["reset_required", gpu.recoveryAction === "None" ? "No" : "Yes"],
        ["drain_and_reset_recommended", gpu.recoveryAction === "Drain and Reset" ? "Yes" : "No"],
      ],
    ],
    ...(branch >= 565
      ? [["gpu_recovery_action", gpu.lost === undefined ? gpu.recoveryAction : "GPU is lost"] as const]
      : []),
    [
      "pci",
      [
        ["pci_bus_id", gpu.busId],
        ["pci_device_id", model.pciDeviceId],
      ],
    ],
  ];
}

function readingNodes(gpu: SimulatedGpu, model: GpuModel): Node[] {
  const live = <Content extends string | number>(content: Content): Content | string =>
    gpu.lost === undefined ? content : "GPU is lost";
  const utilization = migIsOn(gpu) ? "N/A" : `${gpu.utilizationPercent} %`;
  return [
    ["fan_speed", model.ecc ? "N/A" : "30 %"],
    ["performance_state", live(gpu.utilizationPercent > 0 ? "P0" : "P8")],
    [
      "fb_memory_usage",
      memoryNodes(model.memoryTotalMiB, model.memoryReservedMiB, memoryUsedMiB(gpu), gpu.lost !== undefined),
    ],
    ["compute_mode", "Default"],
    [
      "utilization",
      [
        ["gpu_util", live(utilization)],
        ["memory_util", live(migIsOn(gpu) ? "N/A" : `${Math.floor(gpu.utilizationPercent / 2)} %`)],
      ],
    ],
    [
      "ecc_mode",
      [
        ["current_ecc", model.ecc ? "Enabled" : "N/A"],
        ["pending_ecc", model.ecc ? "Enabled" : "N/A"],
      ],
    ],
    [
      "ecc_errors",
      [
        ["volatile", eccNodes(gpu, model)],
        ["aggregate", eccNodes(gpu, model)],
      ],
    ],
    ["remapped_rows", migIsOn(gpu) || !model.ecc ? "N/A" : remappedNodes(gpu)],
    [
      "temperature",
      [
        ["gpu_temp", live(`${gpu.temperatureC} C`)],
        ["memory_temp", live(model.ecc ? `${gpu.temperatureC + 6} C` : "N/A")],
      ],
    ],
    [
      "gpu_power_readings",
      [
        ["power_state", "P0"],
        ["power_draw", live(`${gpu.powerW.toFixed(2)} W`)],
        ["current_power_limit", `${model.powerLimitW.toFixed(2)} W`],
      ],
    ],
    [
      "processes",
      gpu.lost === undefined
        ? gpu.processes.map((process): Node => ["process_info", processNodes(process)])
        : [],
    ],
  ];
}

function migNodes(gpu: SimulatedGpu, model: GpuModel, device: MigDevice, index: number): Node[] {
  const profile = profileOf(model, device.profile);
  const busy = gpu.processes
    .filter((process) => process.gpuInstance === device.gpuInstance)
    .reduce((sum, process) => sum + process.memoryMiB, 0);
  return [
    ["index", index],
    ["gpu_instance_id", device.gpuInstance],
    ["compute_instance_id", device.computeInstance],
    [
      "device_attributes",
      [
        [
          "shared",
          [
            ["multiprocessor_count", profile.multiprocessors],
            ["copy_engine_count", profile.computeSlices],
          ],
        ],
      ],
    ],
    ["ecc_error_count", [["volatile_count", [["sram_uncorrectable", gpu.eccUncorrected]]]]],
    ["fb_memory_usage", memoryNodes(profile.memoryMiB, 0, busy + 12, gpu.lost !== undefined)],
  ];
}

function memoryNodes(total: number, reserved: number, used: number, lost: boolean): Node[] {
  const show = (value: number): string => (lost ? "GPU is lost" : `${value} MiB`);
  return [
    ["total", show(total)],
    ["reserved", show(reserved)],
    ["used", show(used)],
    ["free", show(Math.max(0, total - reserved - used))],
  ];
}

function eccNodes(gpu: SimulatedGpu, model: GpuModel): Node[] {
  const show = (value: number): string | number => (model.ecc ? value : "N/A");
  return [
    ["sram_correctable", show(0)],
    ["sram_uncorrectable", show(0)],
    ["dram_correctable", show(gpu.eccCorrected)],
    ["dram_uncorrectable", show(gpu.eccUncorrected)],
  ];
}

function remappedNodes(gpu: SimulatedGpu): Node[] {
  return [
    ["remapped_row_corr", 0],
    ["remapped_row_unc", gpu.remappedPending ? 1 : 0],
    ["remapped_row_pending", gpu.remappedPending ? "Yes" : "No"],
    ["remapped_row_failure", gpu.remappedFailure ? "Yes" : "No"],
  ];
}

function processNodes(process: GpuProcess): Node[] {
  return [
    ["gpu_instance_id", process.gpuInstance ?? "N/A"],
    ["compute_instance_id", process.computeInstance ?? (process.gpuInstance === undefined ? "N/A" : 0)],
    ["pid", process.pid],
    ["type", process.type],
    ["process_name", process.name],
    ["used_memory", `${process.memoryMiB} MiB`],
  ];
}

function render([name, content]: Node, depth: number): string {
  const indent = "\t".repeat(depth);
  const end = name.split(" ")[0];
  if (typeof content !== "object") return `${indent}<${name}>${escape(String(content))}</${end}>\n`;
  if (content.length === 0) return `${indent}<${name}>\n${indent}</${end}>\n`;
  return `${indent}<${name}>\n${content.map((node) => render(node, depth + 1)).join("")}${indent}</${end}>\n`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
