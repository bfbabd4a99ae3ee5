import { stripVTControlCharacters } from "node:util";
import { type DeviceLink, pathScores } from "../../core/schedule/device-links.ts";
import { garbled } from "./nvidia-smi-error.ts";

/** GPU index -> index of another GPU -> the best way between them; ways that cannot be read are left out. */
export type LinksByIndex = ReadonlyMap<number, ReadonlyMap<number, DeviceLink>>;

/**
 * Reads the GPU rows and columns of `nvidia-smi topo -m`; network cards, affinities and the legend are skipped.
 * Throws when the rows are not those that the header names.
 */
export function parseTopology(output: string): LinksByIndex {
  // The header is underlined with escape codes even in a pipe.
  const lines = stripVTControlCharacters(output).split(/\r?\n/);
  const header = lines.find((line) => /^\s+GPU\d+(?:\s|$)/.test(line));
  if (header === undefined) throw garbled("topo -m", `no header: "${output.trim().slice(0, 200)}"`);
  const columns = cellsOf(header);
  const links = new Map<number, ReadonlyMap<number, DeviceLink>>();
  for (const line of lines) {
    const [name = "", ...cells] = cellsOf(line);
    const row = gpuIndex(name);
    if (row === null || line === header) continue;
    const ways = new Map<number, DeviceLink>();
    for (const [place, column] of columns.entries()) {
      const other = gpuIndex(column);
      const link = linkOf(cells[place] ?? "");
      if (other !== null && other !== row && link !== null) ways.set(other, link);
    }
    links.set(row, ways);
  }
  const named = columns.flatMap((column) => gpuIndex(column) ?? []);
  if (links.size !== named.length || named.some((index) => !links.has(index))) {
    throw garbled("topo -m", `rows ${[...links.keys()].join(", ")} under columns ${named.join(", ")}`);
  }
  return links;
}

/** Cells stand between tabs; only affinities, which come last, may be empty. */
function cellsOf(line: string): readonly string[] {
  return line
    .split("\t")
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
}

function gpuIndex(cell: string): number | null {
  const index = /^GPU(\d+)$/.exec(cell)?.[1];
  return index === undefined ? null : Number(index);
}

function linkOf(cell: string): DeviceLink | null {
  // Before R400, SYS was called SOC.
  const word = cell === "SOC" ? "SYS" : cell;
  return isPath(word) || isNvlink(word) ? word : null;
}

function isPath(word: string): word is keyof typeof pathScores {
  return Object.hasOwn(pathScores, word);
}

function isNvlink(word: string): word is `NV${number}` {
  return /^NV[1-9]\d*$/.test(word);
}
