import type { GpuProcessLine, GpuUsage, GpuUsageLine } from "../../api/gpu-answers.ts";
import { formatBytes } from "../../util/quantity.ts";
import { oneLine } from "../terminal.ts";
import type { Paint } from "../terminal.ts";
import { alignRows } from "./columns.ts";
import { whose } from "./gpu-details.ts";

/** Processes named in one line; the rest is counted. */
const namedProcesses = 2;

/** What goes on at each device, a line each. */
export function renderGpuUsage({ ready, message, devices }: GpuUsage, paint: Paint): string {
  const rows = devices.map((device) => cellsOf(device).map(oneLine));
  const header = ["SLOT", "MODEL", "UTIL", "MEMORY", "STATE", "HOLDER", "PROCESSES"];
  const warning = ready ? "" : `The GPU stack does not answer: ${oneLine(message)}\n`;
  if (rows.length === 0) return warning === "" ? "This host has no GPUs.\n" : warning;
  return warning + alignRows([header, ...rows], paint);
}

function cellsOf(device: GpuUsageLine): readonly string[] {
  const { memoryUsedBytes, utilizationPercent, processes } = device;
  const used = memoryUsedBytes === null ? "-" : formatMemory(memoryUsedBytes);
  const named = processes.slice(0, namedProcesses).map(processText);
  const more = processes.length - named.length;
  return [
    device.slot,
    device.profile ?? device.model,
    utilizationPercent === null ? "-" : `${utilizationPercent}%`,
    `${used}/${formatMemory(device.memoryBytes)}`,
    device.state,
    device.holder ?? "",
    [...named, ...(more > 0 ? [`${more} more`] : [])].join("; "),
  ];
}

function processText(process: GpuProcessLine): string {
  const { pid, name, memoryBytes } = process;
  const memory = memoryBytes === null ? "" : ` ${formatMemory(memoryBytes)}`;
  return `${pid} ${name}${memory} (${whose(process)})`;
}

/** One digit after the point is enough for what changes every second. */
function formatMemory(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 1
    ? `${Number(gibibytes.toFixed(1))}Gi`
    : formatBytes(Math.round(bytes / 1024 ** 2) * 1024 ** 2);
}
