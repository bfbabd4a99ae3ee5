import type { FurtherSettings } from "../../src/core/adoption/further-settings.ts";
import type { RuntimeCacheOptions } from "../../src/controller/runtime-cache.ts";

/** Where nothing was adopted. */
export const noAdoptions: RuntimeCacheOptions["adoptions"] = {
  seen: (container) => container,
  ids: () => [],
  gone: () => undefined,
};

/** What an image and Docker say of a container that nobody wrote anything about. */
export const plainSettings: FurtherSettings = {
  image: {
    environment: {},
    entrypoint: [],
    command: [],
    workingDir: "",
    user: "",
    stopSignal: null,
    healthTest: null,
  },
  removedWhenStopped: false,
  stopTimeoutSeconds: null,
  deviceDrivers: [],
  anonymousVolumes: [],
  others: [],
};
