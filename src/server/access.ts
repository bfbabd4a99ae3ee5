/** Who sent a request, as the kernel and the system's name service say. */
export interface Caller {
  readonly uid: number;
  /** Name of the user, which is also the name of their namespace; `uid:1234` for a uid without a name. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly admin: boolean;
}

/** Who administers: root and the controller's own user always do. */
export interface AdminRule {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** The uid that the controller runs as; it could edit every file anyway. */
  readonly controllerUid: number;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

/** What access is asked for; a subresource is named as in Kubernetes' rules: `pods/exec`. */
export type AccessResource =
  | "containers"
  | "containers/description"
  | "containers/preview"
  | "quotas"
  | "reservations"
  | "gpus"
  | "images"
  | "images/prune"
  | "presets"
  | "sources"
  | "events"
  | "namespaces"
  | "pods"
  | "nodes"
  | "customresourcedefinitions"
  | "pods/log"
  | "pods/exec"
  | "pods/attach"
  | "pods/metrics"
  | "nodes/metrics"
  | "pods/portforward"
  | "health"
  | "prunes"
  | "emergencystops"
  | "adoptions"
  | "resync";

const readVerbs: readonly Verb[] = ["get", "list", "watch"];

/** Kinds that everybody may read in all namespaces, so that who holds what is no secret. */
const readableByAll: readonly AccessResource[] = [
  "containers",
  "containers/description",
  "quotas",
  "reservations",
  "gpus",
  "images",
  "presets",
  "sources",
  "namespaces",
  "pods",
  "nodes",
  "nodes/metrics",
  "customresourcedefinitions",
  "health",
  "prunes",
  "emergencystops",
];

/** Kinds that a user may read and change in their own namespace. */
const ownedByUsers: readonly AccessResource[] = [
  "containers",
  "containers/description",
  "containers/preview",
  "images/prune",
  "events",
  "pods",
  "pods/log",
  "pods/exec",
  "pods/attach",
  "pods/metrics",
  "pods/portforward",
];

/** The one rule of who may do what; `namespace` is undefined for cluster-scoped things and for all namespaces. */
export function may(
  caller: Caller,
  verb: Verb,
  resource: AccessResource,
  namespace: string | undefined,
): boolean {
  if (caller.admin) return true;
  if (readVerbs.includes(verb) && readableByAll.includes(resource)) return true;
  // A list over all namespaces is answered with what the caller may see of it (`seenBy`).
  if (resource === "events" && namespace === undefined) return readVerbs.includes(verb);
  // A look at everything now changes nothing; requests are merged.
  if (resource === "resync") return true;
  return ownedByUsers.includes(resource) && namespace === caller.user;
}

/** Whether a user administers. */
export function isAdmin(rule: AdminRule, uid: number, user: string, groups: readonly string[]): boolean {
  return (
    uid === 0 ||
    uid === rule.controllerUid ||
    rule.users.includes(user) ||
    groups.some((group) => rule.groups.includes(group))
  );
}
