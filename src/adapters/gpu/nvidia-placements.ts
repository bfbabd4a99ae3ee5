import type { CutProfile } from "../../core/schedule/cut.ts";
import type { Device } from "../../core/schedule/device.ts";
import type { NvidiaSmi } from "./nvidia-smi.ts";
import { NvidiaSmiError } from "./nvidia-smi-error.ts";
import { parseCutProfiles } from "./parse-cut-profiles.ts";
import { type GpuInstance, parseGpuInstances } from "./parse-gpu-instances.ts";

/** Where on their cards the slices are, and where there is room for more. */
export class NvidiaPlacements {
  readonly #smi: NvidiaSmi;
  readonly #retryMs: number;
  #askAgainAt = 0;
  /** What the cards can be cut into changes with the cards only. */
  #profilesOf = "";
  #profiles: ReadonlyMap<number, readonly CutProfile[]> = new Map();

  constructor(smi: NvidiaSmi, retryMs = 60_000) {
    this.#smi = smi;
    this.#retryMs = retryMs;
  }

  /**
   * The devices with what `nvidia-smi mig` tells, which needs rights that not everybody has; it never rejects for that.
   * Instances are asked for at every look, because UUIDs and ids come again elsewhere.
   */
  async place(devices: readonly Device[]): Promise<readonly Device[]> {
    const cards = devices.filter(({ healthy, migEnabled }) => healthy && migEnabled);
    if (cards.length === 0 || performance.now() < this.#askAgainAt) return devices;
    try {
      const selection = ["-i", cards.map(({ uuid }) => uuid).join(",")];
      const instances = await this.#instances(selection);
      await this.#learnProfiles(cards, selection);
      return devices.map((device) => this.#placed(device, instances));
    } catch (error) {
      if (!(error instanceof NvidiaSmiError)) throw error;
      this.#askAgainAt = performance.now() + this.#retryMs;
      return devices;
    }
  }

  async #instances(selection: readonly string[]): Promise<readonly GpuInstance[]> {
    try {
      return parseGpuInstances(await this.#smi.run(["mig", "-lgi", ...selection]));
    } catch (error) {
      if (error instanceof NvidiaSmiError && /No GPU instances found/i.test(error.output)) return [];
      throw error;
    }
  }

  async #learnProfiles(cards: readonly Device[], selection: readonly string[]): Promise<void> {
    const key = cards.map(({ index, uuid }) => `${index} ${uuid}`).join("\n");
    if (key === this.#profilesOf) return;
    const profiles = await this.#smi.run(["mig", "-lgip", ...selection]);
    this.#profiles = parseCutProfiles(profiles, await this.#smi.run(["mig", "-lgipp", ...selection]));
    this.#profilesOf = key;
  }

  #placed(device: Device, instances: readonly GpuInstance[]): Device {
    if (device.profile !== null) return placedSlice(device, instances);
    const profiles = device.healthy && device.migEnabled ? this.#profiles.get(device.index) : undefined;
    if (profiles === undefined) return device;
    const parts = instances.filter(({ gpuIndex }) => gpuIndex === device.index);
    return {
      ...device,
      cutting: { profiles, parts: parts.map(({ profile, placement }) => ({ profile, placement })) },
    };
  }
}

/** A slice of another profile than its instance was just made anew: the next look tells. */
function placedSlice(device: Device, instances: readonly GpuInstance[]): Device {
  const profile = device.profile?.replace(/^\d+c\./, "");
  const found = instances.find(
    (one) =>
      one.gpuIndex === device.index && one.instanceId === device.gpuInstance && one.profile === profile,
  );
  return found === undefined ? device : { ...device, placement: found.placement };
}
