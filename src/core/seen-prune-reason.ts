import { confirmationOf, type BlockedPrune } from "../api/blocked-prune.ts";

/** Those of a namespace, which is a user's; those in no namespace (which everybody reads) where it is empty. */
export function objectsOf(namespace: string, { objects }: Pick<BlockedPrune, "objects">): readonly string[] {
  return objects.filter((object) =>
    namespace === "" ? !object.includes("/") : object.startsWith(`${namespace}/`),
  );
}

/** The guard may name objects and directories; whoever may read only what is of this namespace gets a reason that does not. */
export function seenPruneReason(set: BlockedPrune, namespace: string): string {
  const own = new Set(objectsOf(namespace, set));
  const hidden = set.objects.filter((object) => !own.has(object));
  const names = hidden.flatMap((object) => [object, object.split("/")[0] ?? object]);
  if (!names.some((name) => set.reason.includes(name))) return set.reason;
  const many = hidden.length === 1 ? "1 object of others is" : `${hidden.length} objects of others are`;
  return `${many} missing with yours; nothing is removed. An admin may confirm with: ds01 prune --confirm ${confirmationOf(set)}`;
}

/** The same of many objects: worked out once a namespace. */
export function seenPruneReasons(set: BlockedPrune): (namespace: string) => string {
  const known = new Map<string, string>();
  return (namespace) => {
    const reason = known.get(namespace) ?? seenPruneReason(set, namespace);
    known.set(namespace, reason);
    return reason;
  };
}
