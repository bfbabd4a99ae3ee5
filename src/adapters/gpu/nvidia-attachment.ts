import type { Attachment, Device, DeviceRequest } from "../../core/schedule/device.ts";
import {
  isEngineAtLeast,
  nvidiaCdiName,
  nvidiaInjection,
  unknownInjection,
  type InjectionFacts,
} from "../../core/schedule/injection.ts";

/** Hides every GPU: CUDA images bake `all`, and the default runtime may be NVIDIA's. */
export const noGpus: Attachment = {
  injection: "none",
  environment: { NVIDIA_VISIBLE_DEVICES: "void" },
  deviceRequests: [],
  runtime: null,
};

/** What NVIDIA's tools put into a container beside the device nodes. */
const driverParts = ["compute", "utility"];

/** Passes exactly these devices, in the way that the engine and the admin decide. */
export function nvidiaAttachment(
  devices: readonly Device[],
  facts: InjectionFacts = unknownInjection,
): Attachment {
  if (devices.length === 0) return noGpus;
  const list = devices.map(({ uuid }) => uuid).join(",");
  const hasSlices = devices.some(({ profile }) => profile !== null);
  const slices = hasSlices ? { CUDA_VISIBLE_DEVICES: list } : {};
  const injection = nvidiaInjection(devices, facts);
  switch (injection) {
    case "cdi":
      return {
        injection,
        // `void`: with NVIDIA's runtime as the default one, what an image bakes would come on top.
        environment: { NVIDIA_VISIBLE_DEVICES: "void", ...slices },
        deviceRequests: [{ driver: "cdi", deviceIds: devices.map(nvidiaCdiName), capabilities: [] }],
        runtime: null,
      };
    case "hook":
      return {
        injection,
        // The same UUIDs as a variable, because `docker inspect` and old tools look there.
        environment: { NVIDIA_VISIBLE_DEVICES: list, ...slices },
        deviceRequests: [hookRequest(devices, hasSlices && isEngineAtLeast(facts.engine.version, 29, 2))],
        runtime: null,
      };
    case "runtime":
      return {
        injection,
        environment: {
          NVIDIA_VISIBLE_DEVICES: list,
          NVIDIA_DRIVER_CAPABILITIES: driverParts.join(","),
          ...slices,
        },
        deviceRequests: [],
        runtime: "nvidia",
      };
  }
}

/**
 * One request, because of several only the last counts. From 29.2 on the plain name tries CDI first, which fails on
 * slices that were cut after the CDI file was written.
 */
function hookRequest(devices: readonly Device[], byName: boolean): DeviceRequest {
  return {
    driver: byName ? "nvidia.runtime-hook" : "nvidia",
    deviceIds: devices.map(({ uuid }) => uuid),
    capabilities: [["gpu", ...driverParts]],
  };
}
