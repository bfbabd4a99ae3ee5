import type { GpuClaims } from "../../core/observed.ts";
import type { InspectDeviceRequest, InspectHostConfig } from "./inspect-json.ts";

/**
 * Every way a container can see GPUs and other accelerators: device requests, the NVIDIA runtime's environment,
 * device nodes passed by hand. `defaultRuntime` counts where the container names none.
 */
export function gpuClaims(
  host: InspectHostConfig,
  environment: Readonly<Record<string, string>>,
  defaultRuntime: string,
): GpuClaims {
  const requested = (host.DeviceRequests ?? []).filter(isNvidia).flatMap(requestedIds);
  const runtime = host.Runtime === undefined || host.Runtime === "" ? defaultRuntime : host.Runtime;
  // A device request overwrites NVIDIA_VISIBLE_DEVICES in the process, whatever the image or the user wrote.
  const mounted = (host.Binds ?? []).flatMap(mountedDevice);
  const byRuntime =
    requested.length === 0 && runtime.includes("nvidia")
      ? mounted.length > 0
        ? mounted
        : visibleDevices(environment)
      : [];
  const nodes = (host.Devices ?? []).flatMap(({ PathOnHost: path }) => nodeName(path));
  const names = [...requested, ...byRuntime, ...nodes];
  const ids = names.filter((name) => name !== "all" && !isNothing(name));
  return { all: names.includes("all"), ids: [...new Set(ids)].toSorted() };
}

/** NVIDIA's by their number, TPUs by the name that ds01 has for them. */
function nodeName(path: string): string[] {
  const [, nvidia, accel, group] =
    /^\/dev\/nvidia(\d+)$|\/dev\/(accel\d+)$|\/dev\/vfio\/(\d+)$/.exec(path) ?? [];
  if (accel !== undefined) return [`TPU-${accel}`];
  if (nvidia !== undefined) return [nvidia];
  return group === undefined ? [] : [`TPU-vfio-${group}`];
}

/** The toolkit's other way to name devices: a mount of nothing on a path that ends in the name. */
function mountedDevice(bind: string): string[] {
  const [, name] = /:\/var\/run\/nvidia-container-devices\/([^:]+)/.exec(bind) ?? [];
  return name === undefined ? [] : [name];
}

/** Any of them makes the engine hand a request without a driver to NVIDIA's. */
const nvidiaCapabilities = [
  "gpu",
  "nvidia",
  "compute",
  "compat32",
  "graphics",
  "utility",
  "video",
  "display",
];

function isNvidia(request: InspectDeviceRequest): boolean {
  const driver = request.Driver ?? "";
  if (driver.startsWith("nvidia") || driver === "cdi") return true;
  if (driver !== "") return false;
  return (request.Capabilities ?? []).flat().some((capability) => nvidiaCapabilities.includes(capability));
}

function requestedIds(request: InspectDeviceRequest): string[] {
  const { Count: count = 0, DeviceIDs: ids } = request;
  if (ids !== undefined && ids !== null && ids.length > 0)
    return ids.flatMap((id) => id.split(",")).flatMap(plainName);
  if (count < 0) return ["all"];
  // Docker takes "two GPUs" to mean numbers 0 and 1, whoever uses them.
  return Array.from({ length: count }, (_, index) => String(index));
}

/** `nvidia.com/gpu=0:1` and the like are `0:1`; a device of another vendor keeps its full name. */
function plainName(id: string): string[] {
  const [, vendor, name] = /^(?:([^/=]+)\/[^=]+=)?(.*)$/.exec(id.trim()) ?? [];
  if (name === undefined) return [];
  if (vendor !== undefined && vendor !== "nvidia.com") return [id.trim()];
  return [name.replace(/^(?:gpu|mig)(?=\d)/, "")];
}

function visibleDevices(environment: Readonly<Record<string, string>>): string[] {
  const visible = environment["NVIDIA_VISIBLE_DEVICES"];
  if (visible !== undefined) return visible.split(",").map((name) => name.trim());
  // Images older than NVIDIA_VISIBLE_DEVICES get every GPU from the runtime.
  const legacy =
    environment["CUDA_VERSION"] !== undefined && environment["NVIDIA_REQUIRE_CUDA"] === undefined;
  return legacy ? ["all"] : [];
}

function isNothing(name: string): boolean {
  return name === "" || name === "void" || name === "none";
}
