import type { KindName } from "../api/names.ts";
import type { Selection } from "../client/paths.ts";
import { defaultNamespace } from "./context.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./usage-error.ts";

/** Flags that choose a namespace, for the verbs that have them. */
export const namespaceOption = {
  short: "n",
  value: "NS",
  summary: "namespace (default: your user name)",
} as const;
/** Flag of the verbs that change what Git declares. */
export const branchOption = {
  value: "BRANCH",
  summary: "push it there for review, where it comes from Git; nothing changes here before it is merged",
} as const;
export const allNamespacesOption = { short: "A", summary: "all namespaces that you may see" } as const;

/** Where to look: a namespace, or all of them. */
export interface Scope {
  readonly namespace: string | undefined;
  readonly all: boolean;
}

/** The scope that `-n` and `-A` mean; both together are a UsageError. */
export function scopeOf(namespace: string | undefined, all: boolean, context: Context): Scope {
  if (all && namespace !== undefined) throw new UsageError("-n and -A exclude each other");
  return all ? { namespace: undefined, all } : { namespace: namespaceOf(namespace, context), all };
}

/** The namespace that `-n` means, or the default one. */
export function namespaceOf(namespace: string | undefined, context: Context): string {
  if (namespace === "") throw new UsageError("-n needs a namespace; -A means all of them");
  return namespace ?? defaultNamespace(context.environment);
}

/** Selection of a kind within a scope; cluster-scoped kinds have no namespace. */
export function selectionIn(scope: Scope, kind: KindName): Selection {
  return kind.namespaced && scope.namespace !== undefined ? { namespace: scope.namespace } : {};
}
