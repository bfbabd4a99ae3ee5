import { cell, fieldContext, queryFields, timestamp } from "./query-fields.ts";
import type { QueryField } from "./query-fields.ts";
import { modelOf } from "./models.ts";
import type { Answer } from "./answer.ts";
import type { GpuProcess, GpuState, SimulatedGpu } from "./state.ts";

/** A --query-gpu call: every card on the bus, the selected ones, the field names and the format as given. */
export interface GpuQuery {
  readonly state: GpuState;
  readonly gpus: readonly SimulatedGpu[];
  readonly selected: readonly SimulatedGpu[];
  readonly names: string;
  readonly format: string;
}

/** Answers --query-gpu=NAMES --format=csv[,noheader][,nounits]. */
export function queryGpu({ state, gpus, selected, names, format }: GpuQuery): Answer {
  const known = queryFields(state);
  const chosen: QueryField[] = [];
  for (const name of names.split(",").map((word) => word.trim())) {
    const field = known.find((candidate) => candidate.name === name || candidate.alias === name);
    if (field === undefined) return unknownField(name);
    chosen.push(field);
  }
  const header = chosen.map((field) =>
    field.unit === undefined ? field.name : `${field.name} [${field.unit}]`,
  );
  const rows = selected.map((gpu) =>
    chosen.map((field) => cell(field, fieldContext(state, gpus, gpu), withUnits(format))),
  );
  return table(header, rows, format);
}

/** Answers --help-query-gpu. */
export function helpQueryGpu(state: GpuState): Answer {
  const lines = ['List of valid properties to query for the switch "--query-gpu":', ""];
  for (const field of queryFields(state)) {
    lines.push(
      `"${field.name}"${field.alias === undefined ? "" : ` or "${field.alias}"`}`,
      field.description,
      "",
    );
  }
  return { output: `${lines.join("\n")}\n`, exitCode: 0 };
}

type ProcessColumn = {
  readonly header: string;
  readonly value: (gpu: SimulatedGpu, process: GpuProcess, units: boolean) => string;
};

// On a MIG card gpu_uuid is the parent's: which slice a process is on stands only in the XML.
const memoryColumn: ProcessColumn = {
  header: "used_gpu_memory [MiB]",
  value: (_gpu, process, units) => (units ? `${process.memoryMiB} MiB` : String(process.memoryMiB)),
};
const processName: ProcessColumn = { header: "process_name", value: (_gpu, process) => process.name };
const processColumns: Readonly<Record<string, ProcessColumn>> = {
  timestamp: { header: "timestamp", value: timestamp },
  gpu_name: { header: "gpu_name", value: (gpu) => modelOf(gpu.model).productName },
  gpu_bus_id: { header: "gpu_bus_id", value: (gpu) => gpu.busId },
  gpu_serial: { header: "gpu_serial", value: (gpu) => gpu.serial },
  gpu_uuid: { header: "gpu_uuid", value: (gpu) => gpu.uuid },
  pid: { header: "pid", value: (_gpu, process) => String(process.pid) },
  process_name: processName,
  name: processName,
  used_gpu_memory: memoryColumn,
  used_memory: memoryColumn,
};

/** Answers --query-compute-apps=NAMES --format=…: processes of type C and C+G. */
export function queryComputeApps(names: string, selected: readonly SimulatedGpu[], format: string): Answer {
  const chosen: ProcessColumn[] = [];
  for (const name of names.split(",").map((word) => word.trim())) {
    const column = processColumns[name];
    if (column === undefined) return unknownField(name);
    chosen.push(column);
  }
  const rows = selected
    .filter((gpu) => gpu.lost === undefined)
    .flatMap((gpu) =>
      gpu.processes
        .filter((process) => process.type !== "G")
        .map((process) => chosen.map((column) => column.value(gpu, process, withUnits(format)))),
    );
  return table(
    chosen.map((column) => column.header),
    rows,
    format,
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[], format: string): Answer {
  if (!format.split(",").includes("csv"))
    return { output: '"--format=" switch is missing. List of options: csv\n', exitCode: 2 };
  const lines = format.split(",").includes("noheader") ? rows : [header, ...rows];
  return { output: lines.map((cells) => `${cells.join(", ")}\n`).join(""), exitCode: 0 };
}

function withUnits(format: string): boolean {
  return !format.split(",").includes("nounits");
}

function unknownField(name: string): Answer {
  return { output: `Field "${name}" is not a valid field to query.\n\n`, exitCode: 2 };
}
