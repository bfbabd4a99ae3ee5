/** Who sent a request, as the kernel and the system's name service say. */
export interface Caller {
  readonly uid: number;
  /** Name of the user, which is also the name of their namespace; `uid:1234` for a uid without a name. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly admin: boolean;
  /** Whether they also read what others run; nobody but admins where everybody keeps to themselves. */
  readonly seesAll: boolean;
  /** When what shows who they are ends, in milliseconds since the epoch; absent: with the connection. */
  readonly expiresAt?: number;
}

/** What users see beside what is their own: nothing, or what others run, without the values of variables. */
export type Visibility = "own" | "all";

/** Who administers: root and the controller's own user always do. And what the others see. */
export interface AccessRule {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** The uid that the controller runs as; it could edit every file anyway. */
  readonly controllerUid: number;
  readonly visibility: Visibility;
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

/** What concerns everybody: the machine, its rules, and who holds which device. */
const readableByAll: readonly AccessResource[] = [
  "quotas",
  "reservations",
  "gpus",
  "images",
  "presets",
  "sources",
  "nodes",
  "nodes/metrics",
  "customresourcedefinitions",
  "health",
  "prunes",
  "emergencystops",
];

/** What users run, which others read where `visibility` is `all`. */
const readableWhereShown: readonly AccessResource[] = [
  "containers",
  "containers/description",
  "pods",
  "namespaces",
];

/** Looked at over all namespaces, these are answered with what the caller may see of them. */
const listedInPart: readonly AccessResource[] = [
  "containers",
  "pods",
  "events",
  "namespaces",
  "pods/metrics",
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

/**
 * The one rule of who may do what: requests, reviews and what a list or watch shows go by it. `namespace` is undefined for
 * cluster-scoped things and for all namespaces; of a Namespace it is its name.
 */
export function may(
  caller: Caller,
  verb: Verb,
  resource: AccessResource,
  namespace: string | undefined,
): boolean {
  if (caller.admin) return true;
  if (readVerbs.includes(verb) && isReadable(caller, resource, namespace)) return true;
  // A look at everything now changes nothing; requests are merged.
  if (resource === "resync") return true;
  return ownedByUsers.includes(resource) && namespace === caller.user;
}

/** What is read without owning it. */
function isReadable(caller: Caller, resource: AccessResource, namespace: string | undefined): boolean {
  if (readableByAll.includes(resource)) return true;
  if (caller.seesAll && readableWhereShown.includes(resource)) return true;
  if (resource === "namespaces" && namespace === caller.user) return true;
  return namespace === undefined && listedInPart.includes(resource);
}

/** Whether a user administers. */
export function isAdmin(rule: AccessRule, uid: number, user: string, groups: readonly string[]): boolean {
  return (
    uid === 0 ||
    uid === rule.controllerUid ||
    rule.users.includes(user) ||
    groups.some((group) => rule.groups.includes(group))
  );
}
