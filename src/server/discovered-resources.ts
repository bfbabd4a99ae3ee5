import { kindNames } from "../api/names.ts";
import type { KindName } from "../api/names.ts";
import {
  accessReviewType,
  customResourceDefinitionType,
  groupOf,
  namespaceType,
  nodeMetricsType,
  nodeType,
  podMetricsType,
  podType,
  rulesReviewType,
  subjectReviewType,
} from "./resource-type.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Verb } from "./access.ts";

/** A part of an object with a path of its own, such as `log`. */
export interface Subresource {
  readonly name: string;
  readonly verbs: readonly Verb[];
}

/** A resource as discovery and access reviews know it. */
export interface DiscoveredResource {
  readonly type: ResourceType;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  /** What `kubectl get all` and the like stand for. */
  readonly categories: readonly string[];
}

const readOnly: readonly Verb[] = ["get", "list", "watch"];
const writable: readonly Verb[] = ["create", "delete", "get", "list", "patch", "update", "watch"];

/** Everything that is served under Kubernetes' verbs. */
export const discoveredResources: readonly DiscoveredResource[] = [
  ...kindNames.map((type) => ({
    ...resource(type, verbsOf(type)),
    categories: groupOf(type) === "" ? [] : ["all", "ds01"],
    subresources:
      type.kind === "Event" || type.kind === "Preset" || type.kind === "Image" ? [] : [sub("status", "get")],
  })),
  resource(namespaceType, readOnly),
  resource(nodeType, readOnly),
  {
    ...resource(podType, readOnly),
    subresources: [
      sub("attach", "create", "get"),
      sub("exec", "create", "get"),
      sub("log", "get"),
      sub("portforward", "create", "get"),
    ],
  },
  resource(customResourceDefinitionType, readOnly),
  resource(podMetricsType, ["get", "list"]),
  resource(nodeMetricsType, ["get", "list"]),
  resource(subjectReviewType, ["create"]),
  resource(accessReviewType, ["create"]),
  resource(rulesReviewType, ["create"]),
];

/** Group and version of everything served but the core group's, ours first. */
export const groupVersions: readonly string[] = [
  ...new Set(discoveredResources.map(({ type }) => type.apiVersion)),
].filter((version) => version.includes("/"));

function verbsOf(type: KindName): readonly Verb[] {
  if (type.kind === "Gpu") return [...readOnly, "patch"];
  return type.observed ? readOnly : writable;
}

function resource(type: ResourceType, verbs: readonly Verb[]): DiscoveredResource {
  return { type, verbs, subresources: [], categories: [] };
}

function sub(name: string, ...verbs: readonly Verb[]): Subresource {
  return { name, verbs };
}
