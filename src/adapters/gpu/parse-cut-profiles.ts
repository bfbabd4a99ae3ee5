import type { CutProfile } from "../../core/schedule/cut.ts";
import { garbled } from "./nvidia-smi-error.ts";

/** What each card can be cut into, by its index: `mig -lgip` has the names, `mig -lgipp` the places. */
export function parseCutProfiles(
  profiles: string,
  places: string,
): ReadonlyMap<number, readonly CutProfile[]> {
  const found = new Map<number, CutProfile[]>();
  const known = placesOf(places);
  for (const { gpuIndex, ...profile } of rowsOf(profiles)) {
    const place = known.get(`${gpuIndex} ${profile.id}`);
    if (place === undefined)
      throw garbled("mig -lgipp", `no places of profile ${profile.id} on GPU ${gpuIndex}`);
    const ofCard = found.get(gpuIndex) ?? [];
    found.set(gpuIndex, [...ofCard, { ...profile, ...place }]);
  }
  return found;
}

interface ProfileRow extends Pick<CutProfile, "name" | "id" | "most" | "memoryBytes"> {
  readonly gpuIndex: number;
}

/** Every profile has two rows; the second has no name. */
function rowsOf(output: string): readonly ProfileRow[] {
  if (!/GPU instance profiles:/.test(output)) throw garbled("mig -lgip", `"${output.trim().slice(0, 200)}"`);
  return output
    .split(/\r?\n/)
    .filter((line) => /\bMIG \d/.test(line))
    .map((line) => {
      const row = /^\|\s*(\d+)\s+MIG\s+(\S+)\s+(\d+)\s+\d+\/(\d+)\s+(\d+(?:\.\d+)?)?/.exec(line);
      if (row === null) throw garbled("mig -lgip", `the row "${line.trim()}"`);
      const [, gpuIndex, name = "", id, most, gibibytes] = row;
      return {
        gpuIndex: Number(gpuIndex),
        name,
        id: Number(id),
        most: Number(most),
        ...(gibibytes === undefined ? {} : { memoryBytes: Math.floor(Number(gibibytes) * 1024 ** 3) }),
      };
    });
}

/** Card and profile id -> where it may be; some drivers write `Placement :`, others `Placements:`. */
function placesOf(output: string): ReadonlyMap<string, Pick<CutProfile, "starts" | "size">> {
  const found = new Map<string, Pick<CutProfile, "starts" | "size">>();
  for (const line of output.split(/\r?\n/)) {
    if (!/^\s*GPU\s+\d/.test(line)) continue;
    const row = /^\s*GPU\s+(\d+)\s+Profile ID\s+(\d+)\s+Placements?\s*:\s*\{([\d,\s]*)\}:(\d+)\s*$/.exec(
      line,
    );
    if (row === null) throw garbled("mig -lgipp", `the line "${line.trim()}"`);
    const starts = (row[3] ?? "").split(",").flatMap((start) => (start.trim() === "" ? [] : Number(start)));
    found.set(`${Number(row[1])} ${Number(row[2])}`, { starts, size: Number(row[4]) });
  }
  return found;
}
