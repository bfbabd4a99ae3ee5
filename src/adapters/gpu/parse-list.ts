import { garbled } from "./nvidia-smi-error.ts";

/** One GPU of `nvidia-smi -L` with its MIG devices. */
export interface ListedGpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly migDevices: readonly ListedMigDevice[];
}

/** `deviceIndex` joins it with the XML, which has neither UUID nor profile. */
export interface ListedMigDevice {
  readonly deviceIndex: number;
  readonly profile: string;
  readonly uuid: string;
}

/** Reads `nvidia-smi -L`; throws when a line of a device cannot be read, because a device would be missing then. */
export function parseList(output: string): readonly ListedGpu[] {
  const gpus: (ListedGpu & { readonly migDevices: ListedMigDevice[] })[] = [];
  for (const line of output.split(/\r?\n/)) {
    // The name may contain brackets: the UUID is what stands last.
    const gpu = /^GPU (\d+): (.+) \(UUID: (GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)\s*$/i.exec(
      line,
    );
    const mig = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[^\s)]+)\)\s*$/.exec(line);
    if (gpu !== null) {
      const [, index, name = "", uuid = ""] = gpu;
      gpus.push({ index: Number(index), name, uuid, migDevices: [] });
    } else if (mig !== null) {
      const [, profile = "", deviceIndex, uuid = ""] = mig;
      const parent = gpus.at(-1);
      if (parent === undefined) throw garbled("-L", `a MIG device before any GPU: "${line.trim()}"`);
      parent.migDevices.push({ deviceIndex: Number(deviceIndex), profile, uuid });
    } else if (/^(?:GPU \d|\s+MIG )/.test(line)) {
      throw garbled("-L", `the line "${line.trim()}"`);
    }
  }
  if (gpus.length === 0) throw garbled("-L", `no GPU: "${output.trim().slice(0, 200)}"`);
  const uuids = gpus.flatMap((gpu) => [gpu.uuid, ...gpu.migDevices.map((device) => device.uuid)]);
  const twice = uuids.find((uuid, place) => uuids.indexOf(uuid) !== place);
  if (twice !== undefined) throw garbled("-L", `${twice} twice`);
  return gpus;
}
