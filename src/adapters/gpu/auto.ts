import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { InjectionFacts } from "../../core/schedule/injection.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import type { MigCutter } from "../../ports/mig-cutter.ts";
import { noneProvider } from "./none.ts";
import { NvidiaProvider, type NvidiaOptions } from "./nvidia.ts";
import type { NvidiaSmiError } from "./nvidia-smi-error.ts";

/**
 * NVIDIA as soon as nvidia-smi has answered once. Before that there are no GPUs only where nvidia-smi is not there or
 * finds none; while it fails, hangs or talks nonsense there may be some, as at boot before the driver is loaded.
 */
export class AutoProvider implements DeviceProvider {
  readonly #nvidia: NvidiaProvider;
  #hasAnswered = false;

  constructor(options: NvidiaOptions) {
    this.#nvidia = new NvidiaProvider(options);
  }

  get vendor(): string {
    return this.#hasAnswered ? "nvidia" : "none";
  }

  async discover(signal?: AbortSignal): Promise<Inventory> {
    const inventory = await this.#nvidia.discover(signal);
    this.#hasAnswered ||= inventory.ready;
    if (this.#hasAnswered || !saysNone(this.#nvidia.failure)) return inventory;
    const none = await noneProvider.discover(signal);
    return { ...none, message: `no GPUs: ${inventory.message}` };
  }

  get cutter(): MigCutter {
    return this.#nvidia.cutter;
  }

  attach(devices: readonly Device[], facts?: InjectionFacts): Attachment {
    return this.#nvidia.attach(devices, facts);
  }
}

function saysNone(failure: NvidiaSmiError | null): boolean {
  return failure !== null && (failure.reason === "NvidiaSmiMissing" || /No devices/i.test(failure.message));
}
