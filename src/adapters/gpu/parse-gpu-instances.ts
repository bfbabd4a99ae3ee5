import type { Placement } from "../../core/schedule/placement.ts";
import { garbled } from "./nvidia-smi-error.ts";

/** One row of `nvidia-smi mig -lgi`: a part of a card that slices are made of. */
export interface GpuInstance {
  readonly gpuIndex: number;
  /** Profile of the instance, `3g.71gb` also where its slices are `1c.3g.71gb`. */
  readonly profile: string;
  readonly profileId: number;
  readonly instanceId: number;
  readonly placement: Placement;
}

/** Reads the table of `mig -lgi`, whose width differs by driver; throws when a row of it cannot be read. */
export function parseGpuInstances(output: string): readonly GpuInstance[] {
  const instances: GpuInstance[] = [];
  if (!/GPU instances:/.test(output)) throw garbled("mig -lgi", `"${output.trim().slice(0, 200)}"`);
  for (const line of output.split(/\r?\n/)) {
    if (!/^\|\s*\d/.test(line)) continue;
    const row = /^\|\s*(\d+)\s+MIG\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+):(\d+)\s*\|\s*$/.exec(line);
    if (row === null) throw garbled("mig -lgi", `the row "${line.trim()}"`);
    const [gpuIndex = 0, profileId = 0, instanceId = 0, start = 0, size = 0] = [1, 3, 4, 5, 6].map((place) =>
      Number(row[place]),
    );
    instances.push({ gpuIndex, profile: row[2] ?? "", profileId, instanceId, placement: { start, size } });
  }
  return instances;
}
