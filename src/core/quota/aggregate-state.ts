import { formatBytes } from "../../util/quantity.ts";
import type { FieldDrift } from "../plan/drift.ts";
import type { ResolvedQuota, Sourced } from "./limits.ts";

/** How it stands with the cgroup around all containers of one user who has an aggregate. */
export interface AggregateState {
  /** The parent for new containers, as Docker takes it; null while it cannot be named. */
  readonly parent: string | null;
  /** Why no container may be started now; null when the limits stand. */
  readonly problem: { readonly reason: string; readonly message: string } | null;
  /** The memory limit that could not be lowered yet; null when all stand as wanted. */
  readonly held: FieldDrift | null;
}

/** The limits do not stand, and why: what would start runs outside of them. */
export function limitUnavailable(user: string, cause: string, remedy: string): AggregateState["problem"] {
  return {
    reason: "AggregateLimitUnavailable",
    message: `the cgroup that limits all containers of ${user} together is not there: ${cause}; ${remedy}`,
  };
}

/** More is in use than a lowered limit allows: nobody is killed for it, and nothing more is started. */
export function overAggregate(
  { user, aggregate }: ResolvedQuota,
  usedBytes: number,
): NonNullable<AggregateState["problem"]> {
  const { memoryBytes } = aggregate;
  const allowed = memoryBytes.value === null ? "unlimited" : formatBytes(memoryBytes.value);
  return {
    reason: "WaitingForQuota",
    message: `containers of ${user} use ${formatBytes(usedBytes)} of memory together; quota "${memoryBytes.origin.quota ?? ""}" allows ${allowed}${placeOf(memoryBytes)}: the limit is lowered, and this starts, once they use less`,
  };
}

function placeOf({ origin }: Sourced<unknown>): string {
  return origin.place === null ? "" : ` (${origin.place})`;
}
