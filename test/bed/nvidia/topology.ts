import type { Answer } from "./answer.ts";
import { modelOf } from "./models.ts";
import type { SimulatedGpu } from "./state.ts";

const legend = [
  "",
  "Legend:",
  "",
  "  X    = Self",
  "  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes (e.g., QPI/UPI)",
  "  NODE = Connection traversing PCIe as well as the interconnect between PCIe Host Bridges within a NUMA node",
  "  PHB  = Connection traversing PCIe as well as a PCIe Host Bridge (typically the CPU)",
  "  PXB  = Connection traversing multiple PCIe bridges (without traversing the PCIe Host Bridge)",
  "  PIX  = Connection traversing at most a single PCIe bridge",
  "  NV#  = Connection traversing a bonded set of # NVLinks",
  "",
];

/** Answers `topo -m`: pairs on one switch, four cards a NUMA node, NVLink between all where the card has it. */
export function topologyMatrix(gpus: readonly SimulatedGpu[]): Answer {
  const names = gpus.map((_gpu, index) => `GPU${index}`);
  // The escape codes are there even when the output is a pipe.
  const header = `\t\u001b[4m${[...names, "CPU Affinity", "NUMA Affinity", "GPU NUMA ID"].join("\t")}\u001b[0m`;
  const rows = gpus.map((gpu, row) => {
    const node = nodeOf(row);
    const cells = gpus.map((other, column) =>
      link(gpu.model === other.model ? modelOf(gpu.model).link : "PCIe", row, column),
    );
    return [names[row], ...cells, node === 0 ? "0-15,32-47" : "16-31,48-63", String(node), "", "N/A"].join(
      "\t",
    );
  });
  return { output: `${[header, ...rows, ...legend].join("\n")}\n`, exitCode: 0 };
}

function link(name: string, row: number, column: number): string {
  if (row === column) return " X ";
  if (name !== "PCIe") return name;
  if (Math.floor(row / 2) === Math.floor(column / 2)) return "PIX";
  return nodeOf(row) === nodeOf(column) ? "NODE" : "SYS";
}

function nodeOf(index: number): number {
  return index < 4 ? 0 : 1;
}
