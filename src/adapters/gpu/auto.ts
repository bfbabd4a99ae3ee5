import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { InjectionFacts } from "../../core/schedule/injection.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import type { MigCutter } from "../../ports/mig-cutter.ts";
import { noneProvider } from "./none.ts";
import { NvidiaProvider, type NvidiaOptions } from "./nvidia.ts";
import type { NvidiaSmiError } from "./nvidia-smi-error.ts";

/**
 * NVIDIA as soon as nvidia-smi has answered once, none before: a driver that loads after ds01 has started is
 * found all the same. While nvidia-smi hangs or talks nonsense there may be GPUs: nothing is known then.
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
    if (this.#hasAnswered || isSick(this.#nvidia.failure)) return inventory;
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

function isSick(failure: NvidiaSmiError | null): boolean {
  if (failure?.reason === "NvidiaSmiTimeout") return true;
  return failure?.reason === "NvidiaSmiGarbled" && !/No devices/i.test(failure.message);
}
