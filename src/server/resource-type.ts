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

/** Core/v1 Pod: a container that is there, as a view. */
export const podType: ResourceType = {
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  aliases: ["po"],
  namespaced: true,
  apiVersion: "v1",
};

/** Core/v1 Node: this machine. */
export const nodeType: ResourceType = {
  kind: "Node",
  plural: "nodes",
  singular: "node",
  aliases: ["no"],
  namespaced: false,
  apiVersion: "v1",
};

/** What our kinds are, for clients that find them only so. */
export const customResourceDefinitionType: ResourceType = {
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  aliases: ["crd", "crds"],
  namespaced: false,
  apiVersion: "apiextensions.k8s.io/v1",
};

/** What containers use now: `kubectl top pods`. */
export const podMetricsType: ResourceType = {
  kind: "PodMetrics",
  plural: "pods",
  singular: "",
  aliases: [],
  namespaced: true,
  apiVersion: "metrics.k8s.io/v1beta1",
};

/** What the machine uses now: `kubectl top nodes`. */
export const nodeMetricsType: ResourceType = {
  kind: "NodeMetrics",
  plural: "nodes",
  singular: "",
  aliases: [],
  namespaced: false,
  apiVersion: "metrics.k8s.io/v1beta1",
};

/** Who am I: `kubectl auth whoami`. */
export const subjectReviewType = reviewType("SelfSubjectReview", "authentication.k8s.io/v1");
/** May I: `kubectl auth can-i`. */
export const accessReviewType = reviewType("SelfSubjectAccessReview", "authorization.k8s.io/v1");
/** What may I: `kubectl auth can-i --list`. */
export const rulesReviewType = reviewType("SelfSubjectRulesReview", "authorization.k8s.io/v1");

function reviewType(kind: string, apiVersion: string): ResourceType {
  const singular = kind.toLowerCase();
  return { kind, plural: `${singular}s`, singular, aliases: [], namespaced: false, apiVersion };
}

/** API group of a type, as `ds01.io` of `ds01.io/v1alpha1`; empty for the core group. */
export function groupOf({ apiVersion }: Pick<ResourceType, "apiVersion">): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** `/apis/ds01.io/v1alpha1` or `/api/v1`. */
export function groupPathOf(type: ResourceType): string {
  return groupOf(type) === "" ? `/api/${type.apiVersion}` : `/apis/${type.apiVersion}`;
}
