import type { Attachment, Device, Inventory } from "../../core/schedule/device.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import { noGpus } from "./nvidia-attachment.ts";

/** A host without GPUs. */
export const noneProvider: DeviceProvider = {
  vendor: "none",
  discover: async (signal?: AbortSignal): Promise<Inventory> => {
    signal?.throwIfAborted();
    return {
      ready: true,
      message: "GPUs are switched off, or there are none",
      devices: [],
      usage: new Map(),
    };
  },
  attach: (_devices: readonly Device[]): Attachment => noGpus,
};
