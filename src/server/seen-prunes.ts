import type { BlockedPrune } from "../api/blocked-prune.ts";
import { objectsOf, seenPruneReason } from "../core/seen-prune-reason.ts";
import type { Caller } from "./access.ts";

/** The sets of which something is the caller's, with a count in place of what is not; for admins all, whole. */
export function seenPrunes(
  { admin, user }: Pick<Caller, "admin" | "user">,
  blocked: readonly BlockedPrune[],
): readonly BlockedPrune[] {
  if (admin) return blocked;
  return blocked.flatMap((set) => {
    const own = objectsOf(user, set);
    if (own.length === 0) return [];
    if (own.length === set.objects.length) return [set];
    const others = set.objects.length - own.length;
    return [{ ...set, objects: own, others, reason: seenPruneReason(set, user) }];
  });
}
