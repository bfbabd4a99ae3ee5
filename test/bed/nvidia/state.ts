import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { flatDevices } from "./devices.ts";
import { modelOf, profileOf } from "./models.ts";

/** A process on a GPU, as the driver would report it. */
export interface GpuProcess {
  pid: number;
  name: string;
  memoryMiB: number;
  type: "C" | "G" | "C+G";
  gpuInstance?: number;
  computeInstance?: number;
}

/** A MIG device: one compute instance in one GPU instance. */
export interface MigDevice {
  uuid: string;
  profile: string;
  gpuInstance: number;
  computeInstance: number;
  start: number;
}

/** What can be wrong with one card: dead cells, no handle (exit 15), unknown error (exit 255). */
export type LostKind = "field" | "handle" | "unknown";

/** One simulated card. Absent means healthy; `gone` takes it off the bus, and the later indices move down. */
export interface SimulatedGpu {
  uuid: string;
  model: string;
  serial: string;
  minor: number;
  busId: string;
  migMode: "Enabled" | "Disabled" | "[N/A]";
  migPending: "Enabled" | "Disabled" | "[N/A]";
  migDevices: MigDevice[];
  /** GPU instances without a compute instance: -L does not list them, -lgi does. */
  bareInstances?: MigDevice[];
  utilizationPercent: number;
  temperatureC: number;
  powerW: number;
  /** Memory in use besides what the processes hold; without it the card's idle few MiB. */
  memoryUsedMiB?: number;
  eccUncorrected: number;
  eccCorrected: number;
  remappedPending: boolean;
  remappedFailure: boolean;
  recoveryAction: string;
  processes: GpuProcess[];
  lost?: LostKind;
  gone?: boolean;
}

/** How nvidia-smi misbehaves while the fault stands; `match` limits it to calls whose arguments match the expression. */
export interface SmiFault {
  mode: "hang" | "exit" | "nodriver" | "mismatch" | "slow" | "garbage" | "empty" | "truncate";
  match?: string;
  exitCode?: number;
  stdout?: string;
  stderr?: string;
  delayMs?: number;
}

/** All that the simulated NVIDIA stack knows; every call reads it anew. */
export interface GpuState {
  host: string;
  driverVersion: string;
  cudaVersion: string;
  gpus: SimulatedGpu[];
  fault?: SmiFault;
  /** Slows the container hook down, as a busy driver does. */
  hookDelayMs?: number;
}

const busNumbers = ["07", "0F", "47", "4E", "87", "90", "B7", "BD"];

/** Writes a new state file from a spec as "A100-80GB:3g.40gb+2g.20gb 3xA100-80GB"; UUIDs follow from host and position. */
export function createGpuState(path: string, spec: string, host = "bed"): GpuState {
  const state: GpuState = { host, driverVersion: "570.133.20", cudaVersion: "12.8", gpus: [] };
  for (const word of spec.split(/\s+/).filter(Boolean)) {
    const [, count = "1", model = "", layout] = /^(?:(\d+)x)?([^:]+)(?::(.+))?$/.exec(word) ?? [];
    modelOf(model);
    for (let copy = 0; copy < Number(count); copy += 1) {
      const gpu = newGpu(host, state.gpus.length, model);
      if (layout !== undefined) setMigLayout(gpu, layout);
      state.gpus.push(gpu);
    }
  }
  write(path, state);
  return state;
}

/** Reads the state file. */
export function readGpuState(path: string): GpuState {
  return JSON.parse(readFileSync(path, "utf8")) as GpuState;
}

/** Changes the state file in one atomic step: `change` edits the draft it is given. */
export function updateGpuState(path: string, change: (state: GpuState) => void): GpuState {
  const state = readGpuState(path);
  change(state);
  write(path, state);
  return state;
}

/** Partitions a card, as "3g.40gb+2g.20gb" ("" takes every slice away, MIG stays on); throws when the slices do not fit. */
export function setMigLayout(gpu: SimulatedGpu, layout: string): void {
  const model = modelOf(gpu.model);
  const wanted = layout
    .split("+")
    .filter(Boolean)
    .reduce<string[]>(
      (names, name) => (name === "me" ? [...names.slice(0, -1), `${names.at(-1)}+me`] : [...names, name]),
      [],
    );
  const profiles = wanted
    .map((name) => profileOf(model, name))
    .toSorted((a, b) => b.size - a.size || b.computeSlices - a.computeSlices);
  const covered = new Set<number>();
  const instances = new Set<number>();
  gpu.migMode = "Enabled";
  gpu.migPending = "Enabled";
  delete gpu.bareInstances;
  gpu.migDevices = profiles.map((profile) => {
    const start = profile.starts.find((candidate) =>
      slices(candidate, profile.size).every((slice) => !covered.has(slice)),
    );
    if (start === undefined)
      throw new Error(
        `MIG layout ${layout} does not fit on ${model.productName}: no place left for ${profile.name}`,
      );
    for (const slice of slices(start, profile.size)) covered.add(slice);
    let gpuInstance = profile.firstInstance;
    while (instances.has(gpuInstance)) gpuInstance += 1;
    instances.add(gpuInstance);
    return {
      uuid: migUuid(gpu, gpuInstance),
      profile: profile.name,
      gpuInstance,
      computeInstance: 0,
      start,
    };
  });
}

/** UUID of the MIG device in a GPU instance: the same in every layout. */
export function migUuid(gpu: SimulatedGpu, gpuInstance: number): string {
  return `MIG-${uuid([gpu.uuid, gpuInstance, 0], "5")}`;
}

/** Rewrites the flat file the container hook reads, which lies beside the state file. */
export function writeFlatDevices(path: string, state: GpuState): void {
  const flat = flatPathOf(path);
  const draft = `${flat}.${process.pid}`;
  writeFileSync(draft, flatDevices(state));
  renameSync(draft, flat);
}

function write(path: string, state: GpuState): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, path);
  writeFlatDevices(path, state);
}

function flatPathOf(path: string): string {
  return path.replace(/(\.json)?$/, ".tsv");
}

function newGpu(host: string, position: number, model: string): SimulatedGpu {
  const canMig = modelOf(model).migProfiles.length > 0;
  return {
    uuid: `GPU-${uuid([host, position, model], "4")}`,
    model,
    serial: `16505220038${String(position).padStart(2, "0")}`,
    minor: position,
    busId: `00000000:${busNumbers[position] ?? (0xc0 + position).toString(16).toUpperCase()}:00.0`,
    migMode: canMig ? "Disabled" : "[N/A]",
    migPending: canMig ? "Disabled" : "[N/A]",
    migDevices: [],
    utilizationPercent: 0,
    temperatureC: 31 + position,
    powerW: 62.5,
    eccUncorrected: 0,
    eccCorrected: 0,
    remappedPending: false,
    remappedFailure: false,
    recoveryAction: "None",
    processes: [],
  };
}

function slices(start: number, size: number): number[] {
  return Array.from({ length: size }, (_, offset) => start + offset);
}

function uuid(parts: readonly (string | number)[], version: string): string {
  const hex = createHash("sha256").update(parts.join("/")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
