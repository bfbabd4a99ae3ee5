import { apiGroup, apiVersion, kindNames } from "../../api/names.ts";
import type { KindName } from "../../api/names.ts";
import { sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { isJson, parseAccept } from "../negotiate.ts";
import { groupOf, namespaceType, podType } from "../resource-type.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** Minor version of Kubernetes whose behaviour is served; clients warn when it is far from theirs. */
const kubernetesMinor = 32;

interface DiscoveredResource {
  readonly type: ResourceType;
  readonly verbs: readonly string[];
  readonly subresources: readonly { readonly name: string; readonly verbs: readonly string[] }[];
}

const readOnly = ["get", "list", "watch"];
const writable = ["create", "delete", "get", "list", "patch", "update", "watch"];

const discovered: readonly DiscoveredResource[] = [
  ...kindNames.map((type: KindName) => ({
    type,
    verbs: type.kind === "Gpu" ? [...readOnly, "patch"] : type.observed ? readOnly : writable,
    subresources: [],
  })),
  { type: namespaceType, verbs: ["get", "list"], subresources: [] },
  {
    type: podType,
    verbs: [],
    subresources: [
      { name: "exec", verbs: ["create", "get"] },
      { name: "log", verbs: ["get"] },
    ],
  },
];

const groupVersion = { groupVersion: apiVersion, version: apiVersion.slice(apiGroup.length + 1) };
const group = { name: apiGroup, versions: [groupVersion], preferredVersion: groupVersion };

/** What the server has: /version, both shapes of discovery. */
export function discoveryRoutes(services: Services): readonly Route[] {
  const versions = { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  const groups = { kind: "APIGroupList", apiVersion: "v1", groups: [group] };
  return [
    get("/version", versionInfo(services.version)),
    { method: "GET", pattern: "/api", handle: (exchange) => sendDiscovery(exchange, "", versions) },
    { method: "GET", pattern: "/apis", handle: (exchange) => sendDiscovery(exchange, apiGroup, groups) },
    get("/api/v1", resourceList("v1")),
    get(`/apis/${apiGroup}`, { kind: "APIGroup", apiVersion: "v1", ...group }),
    get(`/apis/${apiVersion}`, resourceList(apiVersion)),
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

/** Aggregated discovery where the client asks for it, else the older list. */
function sendDiscovery({ request, response }: Exchange, groupName: string, legacy: object): void {
  for (const { type, parameters } of parseAccept(request.headers.accept)) {
    if (!isJson(type)) continue;
    if (parameters["as"] === undefined) break;
    if (parameters["as"] !== "APIGroupDiscoveryList" || parameters["v"] !== "v2") continue;
    // Clients look for the form in the type of the answer.
    const form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    sendJson(response, 200, aggregated(groupName), form);
    return;
  }
  sendJson(response, 200, legacy);
}

function aggregated(groupName: string): object {
  const resources = discovered
    .filter(({ type, verbs }) => groupOf(type) === groupName && verbs.length > 0)
    .map(({ type, verbs, subresources }) => ({
      resource: type.plural,
      responseKind: responseKind(type),
      scope: type.namespaced ? "Namespaced" : "Cluster",
      singularResource: type.singular,
      verbs,
      shortNames: type.aliases,
      categories: groupOf(type) === "" ? [] : ["all", "ds01"],
      subresources: subresources.map((subresource) => ({
        subresource: subresource.name,
        responseKind: responseKind(type),
        verbs: subresource.verbs,
      })),
    }));
  const version = groupName === "" ? "v1" : groupVersion.version;
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: [
      {
        metadata: { ...(groupName === "" ? {} : { name: groupName }), creationTimestamp: null },
        versions: [{ version, freshness: "Current", resources }],
      },
    ],
  };
}

function responseKind(type: ResourceType): object {
  const version = type.apiVersion.slice(type.apiVersion.indexOf("/") + 1);
  return { group: groupOf(type), version, kind: type.kind };
}

function resourceList(version: string): object {
  const resources = discovered
    .filter(({ type }) => type.apiVersion === version)
    .flatMap(({ type, verbs, subresources }) => {
      const common = { namespaced: type.namespaced, kind: type.kind };
      const main = {
        name: type.plural,
        singularName: type.singular,
        ...common,
        verbs,
        shortNames: type.aliases,
        ...(groupOf(type) === "" ? {} : { categories: ["all", "ds01"] }),
      };
      return [
        ...(verbs.length === 0 ? [] : [main]),
        ...subresources.map((subresource) => ({
          name: `${type.plural}/${subresource.name}`,
          singularName: "",
          ...common,
          verbs: subresource.verbs,
        })),
      ];
    });
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: version, resources };
}
