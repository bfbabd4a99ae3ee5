import { presentGpus } from "./devices.ts";
import type { Answer } from "./answer.ts";
import { modelOf, profileOf } from "./models.ts";
import type { GpuModel, MigProfile } from "./models.ts";
import type { GpuState, MigDevice, SimulatedGpu } from "./state.ts";

/** Answers `nvidia-smi mig` for -lgi, -lci, -lgip and -lgipp. */
export function migTable(
  state: GpuState,
  selected: readonly SimulatedGpu[],
  option: string | undefined,
): Answer {
  const gpus = presentGpus(state);
  const cards = selected
    .filter((gpu) => gpu.migMode === "Enabled")
    .map((gpu): Card => ({ gpu, index: gpus.indexOf(gpu), model: modelOf(gpu.model) }));
  if (cards.length === 0) return { output: "No MIG-enabled devices found.\n", exitCode: 6 };
  if (option === "-lgi") return instances(cards);
  if (option === "-lci") return computeInstances(cards);
  if (option === "-lgip") return { output: profileTable(cards), exitCode: 0 };
  if (option === "-lgipp") return { output: placements(cards), exitCode: 0 };
  return {
    output: `Invalid combination of input arguments. Please run 'nvidia-smi mig -h' for help.\n`,
    exitCode: 2,
  };
}

interface Card {
  readonly gpu: SimulatedGpu;
  readonly index: number;
  readonly model: GpuModel;
}

function instances(cards: readonly Card[]): Answer {
  const all = cards.map((card): Card => ({
    ...card,
    gpu: { ...card.gpu, migDevices: [...card.gpu.migDevices, ...(card.gpu.bareInstances ?? [])] },
  }));
  const rows = eachDevice(all, ({ index, device, profile }) =>
    row(
      52,
      `${three(index)}  MIG ${profile.name.padEnd(12)} ${two(profile.id)}       ${two(device.gpuInstance)}          ${device.start}:${profile.size}`,
    ),
  );
  if (rows.length === 0) return { output: "No GPU instances found: Not Found\n", exitCode: 6 };
  const head = [
    "GPU instances:",
    "GPU   Name          Profile  Instance   Placement",
    "                      ID       ID       Start:Size",
  ];
  return { output: boxed(52, head, rows), exitCode: 0 };
}

function computeInstances(cards: readonly Card[]): Answer {
  const rows = eachDevice(cards, ({ index, device, profile }) => {
    const name = `MIG ${profile.name}`.padEnd(19);
    return row(
      68,
      `${three(index)}     ${two(device.gpuInstance)}       ${name} ${two(profile.computeSlices - 1)}        ${two(device.computeInstance)}          0:${profile.computeSlices}`,
    );
  });
  if (rows.length === 0) return { output: "No compute instances found: Not Found\n", exitCode: 6 };
  const head = [
    "Compute instances:",
    "GPU     GPU       Name             Profile   Instance   Placement",
    "      Instance                       ID        ID       Start:Size",
    "        ID",
  ];
  return { output: boxed(68, head, rows), exitCode: 0 };
}

function profileTable(cards: readonly Card[]): string {
  const rows = cards.flatMap(({ gpu, index, model }) =>
    model.migProfiles.map((profile) => {
      const free = freeStarts(gpu, model, profile).length;
      const counts = `${free}/${profile.name.endsWith("+me") ? 1 : profile.starts.length}`;
      const name = `MIG ${profile.name}`.padEnd(17);
      const memory = (profile.memoryMiB / 1024).toFixed(2).padEnd(11);
      const first = row(
        77,
        `${three(index)}  ${name} ${two(profile.id)}     ${counts}        ${memory}No    ${String(profile.multiprocessors).padStart(3)}     0     0`,
      );
      return `${first}\n${row(77, `${" ".repeat(58)}${String(profile.computeSlices).padStart(3)}     0     0`)}`;
    }),
  );
  const head = [
    "GPU instance profiles:",
    "GPU   Name             ID    Instances   Memory     P2P    SM    DEC   ENC",
    "                             Free/Total   GiB              CE    JPEG  OFA",
  ];
  return boxed(77, head, rows);
}

function placements(cards: readonly Card[]): string {
  const lines = cards.flatMap(({ index, model }) =>
    model.migProfiles.map((profile) => {
      const label = profile.starts.length === 1 ? "Placement " : "Placements";
      return `GPU ${two(index)} Profile ID ${two(profile.id)} ${label}: {${profile.starts.join(",")}}:${profile.size}`;
    }),
  );
  return `${lines.join("\n")}\n`;
}

function eachDevice(
  cards: readonly Card[],
  show: (part: { index: number; device: MigDevice; profile: MigProfile }) => string,
): string[] {
  return cards.flatMap(({ gpu, index, model }) =>
    gpu.migDevices.map((device) => show({ index, device, profile: profileOf(model, device.profile) })),
  );
}

function freeStarts(gpu: SimulatedGpu, model: GpuModel, profile: MigProfile): number[] {
  const taken = [...gpu.migDevices, ...(gpu.bareInstances ?? [])].map((device) => ({
    start: device.start,
    end: device.start + profileOf(model, device.profile).size,
  }));
  return profile.starts.filter((start) =>
    taken.every((range) => start + profile.size <= range.start || start >= range.end),
  );
}

function boxed(width: number, head: readonly string[], rows: readonly string[]): string {
  const rule = `+${"-".repeat(width)}+`;
  return `${[rule, ...head.map((line) => `| ${line.padEnd(width - 1)}|`), `|${"=".repeat(width)}|`, ...rows.flatMap((line) => [line, rule])].join("\n")}\n`;
}

function row(width: number, text: string): string {
  return `| ${text.padEnd(width - 1)}|`;
}

function three(value: number): string {
  return String(value).padStart(3);
}

function two(value: number): string {
  return String(value).padStart(2);
}
