/** How a kind is named in paths and discovery; every KindName is one. */
export interface ResourceType {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly aliases: readonly string[];
  readonly namespaced: boolean;
  readonly apiVersion: string;
}

/** Core/v1 Namespace: one a user. */
export const namespaceType: ResourceType = {
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  aliases: ["ns"],
  namespaced: false,
  apiVersion: "v1",
};

/** Core/v1 Pod: only the log and exec of containers are served under it so far. */
export const podType: ResourceType = {
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  aliases: ["po"],
  namespaced: true,
  apiVersion: "v1",
};

/** API group of a type; empty for the core group. */
export function groupOf(type: ResourceType): string {
  return type.apiVersion.includes("/") ? type.apiVersion.slice(0, type.apiVersion.indexOf("/")) : "";
}

/** `/apis/ds01.io/v1alpha1` or `/api/v1`. */
export function groupPathOf(type: ResourceType): string {
  return groupOf(type) === "" ? `/api/${type.apiVersion}` : `/apis/${type.apiVersion}`;
}
