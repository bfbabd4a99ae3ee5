import { garbled } from "./nvidia-smi-error.ts";

/**
 * Fields ds01 asks `--query-gpu` for. The name stands last: nothing is quoted, and a name may hold a comma.
 * Only the first is indispensable; older drivers lack some of the others.
 */
export const wantedFields = [
  "uuid",
  "pci.bus_id",
  "memory.total",
  "memory.used",
  "utilization.gpu",
  "mig.mode.current",
  "compute_mode",
  "remapped_rows.pending",
  "remapped_rows.failure",
  "ecc.errors.uncorrected.volatile.total",
  "temperature.gpu",
  "gpu_recovery_action",
  "compute_cap",
  "name",
] as const;
export type QueryField = (typeof wantedFields)[number];

/** One row of `--query-gpu`; null is unknown. */
export interface QueriedGpu {
  readonly uuid: string;
  readonly busId: string | null;
  readonly memoryTotalBytes: number | null;
  readonly memoryUsedBytes: number | null;
  readonly utilizationPercent: number | null;
  readonly migEnabled: boolean;
  readonly computeMode: string | null;
  readonly remappingPending: boolean;
  readonly remappingFailed: boolean;
  /** Since the driver was loaded. */
  readonly uncorrectedErrors: number | null;
  readonly temperatureCelsius: number | null;
  readonly recoveryAction: string | null;
  readonly computeCapability: string | null;
  readonly name: string | null;
  /** True when its live cells say that the card does not answer any more. */
  readonly lost: boolean;
}

const mebibyte = 1024 ** 2;

/** The wanted fields that this driver knows, from `--help-query-gpu`. */
export function knownFields(help: string): readonly QueryField[] {
  const known = new Set<string>();
  for (const line of help.split("\n")) {
    if (!line.startsWith('"')) continue;
    for (const [, name = ""] of line.matchAll(/"([a-z0-9_.]+)"/g)) known.add(name);
  }
  if (!known.has("uuid")) throw garbled("--help-query-gpu", "no field uuid");
  return wantedFields.filter((field) => known.has(field));
}

/** Reads `--query-gpu=<fields> --format=csv,noheader,nounits`. */
export function parseQuery(output: string, fields: readonly QueryField[]): readonly QueriedGpu[] {
  return output
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !line.startsWith("WARNING"))
    .map((line) => parseRow(line, fields));
}

function parseRow(line: string, fields: readonly QueryField[]): QueriedGpu {
  const cells = line.split(",");
  if (cells.length < fields.length) throw garbled("--query-gpu", `the row "${line.slice(0, 200)}"`);
  const cell = (field: QueryField): string | null => {
    const place = fields.indexOf(field);
    if (place < 0) return null;
    return known(field === "name" ? cells.slice(place).join(",") : (cells[place] ?? ""));
  };
  const uuid = cell("uuid");
  if (uuid === null || !/^GPU-[0-9a-f-]+$/i.test(uuid)) {
    throw garbled("--query-gpu", `a row without a UUID: "${line.slice(0, 200)}"`);
  }
  return {
    uuid,
    busId: cell("pci.bus_id"),
    memoryTotalBytes: bytes(cell("memory.total")),
    memoryUsedBytes: bytes(cell("memory.used")),
    utilizationPercent: amount(cell("utilization.gpu")),
    migEnabled: cell("mig.mode.current") === "Enabled",
    computeMode: cell("compute_mode"),
    remappingPending: cell("remapped_rows.pending") === "Yes",
    uncorrectedErrors: amount(cell("ecc.errors.uncorrected.volatile.total")),
    temperatureCelsius: amount(cell("temperature.gpu")),
    remappingFailed: cell("remapped_rows.failure") === "Yes",
    recoveryAction: cell("gpu_recovery_action"),
    computeCapability: /^\d+\.\d+$/.exec(cell("compute_cap") ?? "")?.[0] ?? null,
    name: cell("name"),
    lost: cells.some((text) => isLost(text)),
  };
}

/** The text of a cell, or null for every way in which nvidia-smi says that it does not know. */
export function known(cell: string): string | null {
  const text = cell.trim();
  const word = text.replace(/^\[(.*)\]$/, "$1");
  return word === "" || nullWords.test(word) ? null : text;
}

const nullWords =
  /^(?:N\/A|-|Not Supported|Not Found|Unknown Error|Unknown|Insufficient Permissions|GPU is lost|Reset Required|GPU requires reset|Requested functionality has been deprecated)\.?$/i;

/** True for the cells of a card that has fallen off the bus or whose driver has given up. */
function isLost(cell: string): boolean {
  return /^\[?(?:GPU is lost|Unknown Error|Reset Required|GPU requires reset)\.?\]?$/i.test(cell.trim());
}

/** Bytes of an amount in MiB, with or without the unit. */
export function bytes(cell: string | null): number | null {
  const value = amount(cell);
  return value === null ? null : Math.round(value * mebibyte);
}

function amount(cell: string | null): number | null {
  const match = /^(\d+(?:\.\d+)?)(?:\s*(?:MiB|%))?$/.exec(cell ?? "");
  return match === null ? null : Number(match[1]);
}
