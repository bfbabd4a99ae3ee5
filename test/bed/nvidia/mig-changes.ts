import type { Answer } from "./answer.ts";
import { presentGpus } from "./devices.ts";
import { modelOf, type MigProfile, profileOf } from "./models.ts";
import { migUuid, updateGpuState } from "./state.ts";
import type { GpuState, MigDevice, SimulatedGpu } from "./state.ts";

/** What `nvidia-smi mig` is asked to change on one card. */
export interface MigChange {
  readonly create: string | undefined;
  readonly computeToo: boolean;
  readonly destroy: "compute" | "gpu" | undefined;
  readonly gpuInstance: string | undefined;
}

/** Answers `mig -cgi PROFILE:START[,...] [-C]`, `-dci -gi N` and `-dgi -gi N`, and changes the state file. */
export function changeMig(
  path: string,
  state: GpuState,
  selected: readonly SimulatedGpu[],
  change: MigChange,
): Answer {
  const [gpu] = selected;
  if (gpu === undefined || selected.length > 1 || gpu.migMode !== "Enabled") {
    return { output: "No MIG-enabled devices found.\n", exitCode: 6 };
  }
  const index = String(presentGpus(state).indexOf(gpu)).padStart(2);
  const lines: string[] = [];
  let exitCode = 0;
  updateGpuState(path, (draft) => {
    const card = draft.gpus.find(({ uuid }) => uuid === gpu.uuid);
    if (card === undefined) return;
    if (change.create !== undefined) {
      for (const word of change.create.split(",")) {
        const made = create(card, word, change.computeToo);
        if (made === null) {
          exitCode = 19;
          lines.push(
            `Unable to create a GPU instance on GPU ${index} using profile ${word.split(":")[0] ?? ""}: Insufficient Resources`,
          );
          lines.push("Failed to create GPU instances: Insufficient Resources");
          return;
        }
        const id = String(made.device.gpuInstance).padStart(2);
        lines.push(
          `Successfully created GPU instance ID ${id} on GPU ${index} using profile MIG ${made.profile.name} (ID ${String(made.profile.id).padStart(2)})`,
        );
        if (change.computeToo)
          lines.push(
            `Successfully created compute instance ID  0 on GPU ${index} GPU instance ID ${id} using profile MIG ${made.profile.name} (ID ${String(made.profile.computeSlices - 1).padStart(2)})`,
          );
      }
      return;
    }
    const id = Number(change.gpuInstance);
    const done = change.destroy === "compute" ? destroyCompute(card, id) : destroyGpuInstance(card, id);
    const what =
      change.destroy === "compute"
        ? `compute instance ID  0 from GPU ${index} GPU instance ID ${String(id).padStart(2)}`
        : `GPU instance ID ${String(id).padStart(2)} from GPU ${index}`;
    lines.push(done === null ? `Successfully destroyed ${what}` : `Unable to destroy ${what}: ${done}`);
    if (done !== null) exitCode = done === "Not Found" ? 6 : 19;
  });
  return { output: `${lines.join("\n")}\n`, exitCode };
}

function create(
  card: SimulatedGpu,
  word: string,
  computeToo: boolean,
): { device: MigDevice; profile: MigProfile } | null {
  const model = modelOf(card.model);
  const [wanted = "", written] = word.split(":");
  const profile = model.migProfiles.find(({ id, name }) => String(id) === wanted || name === wanted);
  if (profile === undefined) return null;
  const all = [...card.migDevices, ...(card.bareInstances ?? [])];
  const starts =
    written === undefined ? profile.starts : profile.starts.filter((start) => start === Number(written));
  const start = starts.find((place) =>
    all.every((device) => {
      const { size } = profileOf(model, device.profile);
      return place + profile.size <= device.start || place >= device.start + size;
    }),
  );
  if (start === undefined) return null;
  let gpuInstance = profile.firstInstance;
  while (all.some((device) => device.gpuInstance === gpuInstance)) gpuInstance += 1;
  const device = {
    uuid: migUuid(card, gpuInstance),
    profile: profile.name,
    gpuInstance,
    computeInstance: 0,
    start,
  };
  if (computeToo) card.migDevices.push(device);
  else card.bareInstances = [...(card.bareInstances ?? []), device];
  return { device, profile };
}

function destroyCompute(card: SimulatedGpu, id: number): string | null {
  const device = card.migDevices.find(({ gpuInstance }) => gpuInstance === id);
  if (device === undefined) return "Not Found";
  if (card.processes.some(({ gpuInstance }) => gpuInstance === id)) return "In use by another client";
  card.migDevices = card.migDevices.filter((other) => other !== device);
  card.bareInstances = [...(card.bareInstances ?? []), device];
  return null;
}

function destroyGpuInstance(card: SimulatedGpu, id: number): string | null {
  if (card.migDevices.some(({ gpuInstance }) => gpuInstance === id)) return "In use by another client";
  const bare = card.bareInstances ?? [];
  if (bare.every(({ gpuInstance }) => gpuInstance !== id)) return "Not Found";
  card.bareInstances = bare.filter(({ gpuInstance }) => gpuInstance !== id);
  return null;
}
