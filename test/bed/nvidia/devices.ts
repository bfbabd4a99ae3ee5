import { modelOf } from "./models.ts";
import type { GpuState, SimulatedGpu } from "./state.ts";

/** The cards on the bus, in index order: one that is gone is skipped and the later ones move down. */
export function presentGpus(state: GpuState): SimulatedGpu[] {
  return state.gpus.filter((gpu) => gpu.gone !== true);
}

/** Whether the card is partitioned: then it answers no utilisation. */
export function migIsOn(gpu: SimulatedGpu): boolean {
  return gpu.migMode === "Enabled";
}

/** Memory in use on the whole card: what its processes hold and a few MiB of its own. */
export function memoryUsedMiB(gpu: SimulatedGpu): number {
  const own = gpu.memoryUsedMiB ?? (migIsOn(gpu) ? 50 : modelOf(gpu.model).idleMemoryMiB);
  return gpu.processes.reduce((sum, process) => sum + process.memoryMiB, own);
}

/** The lines of `nvidia-smi -L`. */
export function listLines(gpus: readonly SimulatedGpu[]): string[] {
  return gpus.flatMap((gpu, index) => [
    `GPU ${index}: ${modelOf(gpu.model).productName} (UUID: ${gpu.uuid})`,
    ...gpu.migDevices.map(
      (device, number) =>
        `  MIG ${device.profile.padEnd(11)} Device ${String(number).padStart(2)}: (UUID: ${device.uuid})`,
    ),
  ]);
}

/** What the container hook needs, one tab-separated line a device, so that a shell script can read it fast. */
export function flatDevices(state: GpuState): string {
  const lines = [["state", state.fault?.mode ?? "-", String((state.hookDelayMs ?? 0) / 1000)]];
  for (const [index, gpu] of presentGpus(state).entries()) {
    lines.push([
      "gpu",
      String(index),
      gpu.uuid,
      modelOf(gpu.model).productName,
      String(gpu.minor),
      gpu.lost ?? "-",
    ]);
    for (const [number, device] of gpu.migDevices.entries())
      lines.push(["mig", `${index}:${number}`, device.uuid, device.profile, String(index)]);
  }
  return `${lines.map((fields) => fields.join("\t")).join("\n")}\n`;
}
