import type { DockerProxy } from "./docker-proxy.ts";

interface DeviceRequestJson {
  readonly Driver?: string;
  readonly DeviceIDs?: readonly string[];
}

interface CreateJson {
  readonly HostConfig?: { readonly DeviceRequests?: readonly DeviceRequestJson[] };
}

interface InspectJson {
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly HostConfig: object;
}

/** An engine that passes for another one. */
export interface CdiPretence {
  /** Device requests as they came, before they were rewritten. */
  readonly requested: readonly DeviceRequestJson[];
  end(): void;
}

const cdiVersion = "28.5.2";

/**
 * Lets the engine behind the proxy pass for one with CDI: it lists the devices as discovered, and a CDI request comes
 * to the real engine as one for its NVIDIA hook, so that the devices really appear. `listed` is read at each question.
 */
export function passForCdi(proxy: DockerProxy, listed: () => readonly string[]): CdiPretence {
  const requested: DeviceRequestJson[] = [];
  const endInfo = proxy.addRewrite({
    method: "GET",
    path: /^\/info$/,
    answer: (info: object) => ({
      ...info,
      ServerVersion: cdiVersion,
      CDISpecDirs: ["/etc/cdi", "/var/run/cdi"],
      DiscoveredDevices: listed().map((id) => ({ Source: "cdi", ID: id })),
    }),
  });
  const endCreate = proxy.addRewrite({
    method: "POST",
    path: /^\/containers\/create$/,
    request: (body: CreateJson) => {
      const requests = body.HostConfig?.DeviceRequests ?? [];
      requested.push(...requests);
      return { ...body, HostConfig: { ...body.HostConfig, DeviceRequests: requests.flatMap(hookRequest) } };
    },
  });
  const endInspect = proxy.addRewrite({
    method: "GET",
    path: /^\/containers\/[^/]+\/json$/,
    answer: asCreated,
  });
  return {
    requested,
    end: () => {
      endInfo();
      endCreate();
      endInspect();
    },
  };
}

/** Shows what was asked for in place of what the real engine was asked for; the labels have it. */
function asCreated(container: InspectJson): object {
  const labels = container.Config.Labels ?? {};
  if (labels["ds01.injection"] !== "cdi") return container;
  const uuids = (labels["ds01.gpu.uuids"] ?? "").split(",");
  const ids = uuids.map((uuid) => (uuid.includes("=") ? uuid : `nvidia.com/gpu=${uuid}`));
  const request = { Driver: "cdi", Count: 0, DeviceIDs: ids, Capabilities: null, Options: null };
  return { ...container, HostConfig: { ...container.HostConfig, DeviceRequests: [request] } };
}

/** Of other vendors the real engine knows nothing: their devices do not appear. */
function hookRequest(request: DeviceRequestJson): object[] {
  if (request.Driver !== "cdi") return [request];
  if (request.DeviceIDs?.some((id) => !id.startsWith("nvidia.com/")) === true) return [];
  const ids = (request.DeviceIDs ?? []).map((id) => id.slice(id.indexOf("=") + 1));
  return [{ ...request, Driver: "nvidia", DeviceIDs: ids, Capabilities: [["gpu"]] }];
}
