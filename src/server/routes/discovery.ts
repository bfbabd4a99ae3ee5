import { discoveredResources, groupVersions } from "../discovered-resources.ts";
import type { DiscoveredResource } from "../discovered-resources.ts";
import { sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { isJson, parseAccept } from "../negotiate.ts";
import { groupOf } from "../resource-type.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** Minor version of Kubernetes whose behaviour is served; clients warn when it is far from theirs. */
const kubernetesMinor = 32;

/** What the server has: /version, both shapes of discovery. */
export function discoveryRoutes(services: Services): readonly Route[] {
  const versions = { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  const groups = { kind: "APIGroupList", apiVersion: "v1", groups: groupVersions.map(groupOfVersion) };
  return [
    get("/version", versionInfo(services.version)),
    { method: "GET", pattern: "/api", handle: (exchange) => sendDiscovery(exchange, ["v1"], versions) },
    { method: "GET", pattern: "/apis", handle: (exchange) => sendDiscovery(exchange, groupVersions, groups) },
    get("/api/v1", resourceList("v1")),
    ...groupVersions.flatMap((version) => [
      get(`/apis/${groupOf({ apiVersion: version })}`, {
        kind: "APIGroup",
        apiVersion: "v1",
        ...groupOfVersion(version),
      }),
      get(`/apis/${version}`, resourceList(version)),
    ]),
  ];
}

function get(pattern: string, body: object): Route {
  return { method: "GET", pattern, handle: ({ response }) => sendJson(response, 200, body) };
}

function versionInfo(ds01Version: string): object {
  return {
    major: "1",
    minor: String(kubernetesMinor),
    gitVersion: `v1.${kubernetesMinor}.0+ds01-${ds01Version}`,
    ds01Version,
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}

/** `v1alpha1` of `ds01.io/v1alpha1`. */
function versionOf(groupVersion: string): string {
  return groupVersion.slice(groupVersion.indexOf("/") + 1);
}

/** Every group has one version. */
function groupOfVersion(groupVersion: string): object {
  const version = { groupVersion, version: versionOf(groupVersion) };
  return { name: groupOf({ apiVersion: groupVersion }), versions: [version], preferredVersion: version };
}

/** Aggregated discovery where the client asks for it, else the older list. */
function sendDiscovery({ request, response }: Exchange, versions: readonly string[], legacy: object): void {
  for (const { type, parameters } of parseAccept(request.headers.accept)) {
    if (!isJson(type)) continue;
    if (parameters["as"] === undefined) break;
    if (parameters["as"] !== "APIGroupDiscoveryList" || parameters["v"] !== "v2") continue;
    // Clients look for the form in the type of the answer.
    const form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    sendJson(response, 200, aggregated(versions), form);
    return;
  }
  sendJson(response, 200, legacy);
}

function aggregated(versions: readonly string[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: versions.map((groupVersion) => {
      const name = groupOf({ apiVersion: groupVersion });
      const resources = discoveredResources
        .filter(({ type }) => type.apiVersion === groupVersion)
        .map(aggregatedResource);
      return {
        metadata: { ...(name === "" ? {} : { name }), creationTimestamp: null },
        versions: [{ version: versionOf(groupVersion), freshness: "Current", resources }],
      };
    }),
  };
}

function aggregatedResource({ type, verbs, subresources, categories }: DiscoveredResource): object {
  return {
    resource: type.plural,
    responseKind: responseKind(type),
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs,
    shortNames: type.aliases,
    categories,
    subresources: subresources.map((subresource) => ({
      subresource: subresource.name,
      responseKind: responseKind(type),
      verbs: subresource.verbs,
    })),
  };
}

function responseKind(type: ResourceType): object {
  return { group: groupOf(type), version: versionOf(type.apiVersion), kind: type.kind };
}

function resourceList(groupVersion: string): object {
  const resources = discoveredResources
    .filter(({ type }) => type.apiVersion === groupVersion)
    .flatMap(({ type, verbs, subresources, categories }) => {
      const common = { namespaced: type.namespaced, kind: type.kind };
      return [
        {
          name: type.plural,
          singularName: type.singular,
          ...common,
          verbs,
          shortNames: type.aliases,
          ...(categories.length === 0 ? {} : { categories }),
        },
        ...subresources.map((subresource) => ({
          name: `${type.plural}/${subresource.name}`,
          singularName: "",
          ...common,
          verbs: subresource.verbs,
        })),
      ];
    });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}
