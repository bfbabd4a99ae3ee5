import type { CutProfile } from "../../core/schedule/cut.ts";
import type { MigCutter } from "../../ports/mig-cutter.ts";
import type { NvidiaSmi } from "./nvidia-smi.ts";
import { garbled } from "./nvidia-smi-error.ts";

/** MIG slices through nvidia-smi, which wants root. */
export function nvidiaCutter(smi: NvidiaSmi): MigCutter {
  return {
    async create(cardUuid: string, { id }: CutProfile, start: number) {
      const output = await smi.run(["mig", "-i", cardUuid, "-cgi", `${id}:${start}`, "-C"]);
      const made = /Successfully created GPU instance ID\s+(\d+)\s/.exec(output)?.[1];
      if (made === undefined) throw garbled("mig -cgi", `"${output.trim().slice(0, 200)}"`);
      return Number(made);
    },
    async destroy(cardUuid: string, gpuInstance: number) {
      await smi.run(["mig", "-i", cardUuid, "-dci", "-gi", String(gpuInstance)]);
      await smi.run(["mig", "-i", cardUuid, "-dgi", "-gi", String(gpuInstance)]);
    },
  };
}
