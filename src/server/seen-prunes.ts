import { confirmationOf, type BlockedPrune } from "../api/blocked-prune.ts";
import type { Caller } from "./access.ts";

/** The sets of which something is the caller's, with a count in place of what is not; for admins all, whole. */
export function seenPrunes(
  { admin, user }: Pick<Caller, "admin" | "user">,
  blocked: readonly BlockedPrune[],
): readonly BlockedPrune[] {
  if (admin) return blocked;
  return blocked.flatMap((set) => {
    const own = set.objects.filter((object) => object.startsWith(`${user}/`));
    if (own.length === 0) return [];
    if (own.length === set.objects.length) return [set];
    const others = set.objects.length - own.length;
    return [{ ...set, objects: own, others, reason: seenReason(set, own) }];
  });
}

/** The guard may name objects and directories; whoever reads of others' gets a reason that does not. */
function seenReason(set: BlockedPrune, own: readonly string[]): string {
  const hidden = set.objects.filter((object) => !own.includes(object));
  const names = hidden.flatMap((object) => [object, object.split("/")[0] ?? object]);
  if (!names.some((name) => set.reason.includes(name))) return set.reason;
  const many = hidden.length === 1 ? "1 object of others is" : `${hidden.length} objects of others are`;
  return `${many} missing with yours; nothing is removed. An admin may confirm with: ds01 prune --confirm ${confirmationOf(set)}`;
}
