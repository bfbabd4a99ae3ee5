import { formatGpuEquivalents } from "../quota/gpu-equivalents.ts";
import { describeLenders } from "./borrowing.ts";
import { describeHolder, shortList } from "./describe-holder.ts";
import type { Waiting } from "./explain.ts";
import type { DeviceDemand, Lease } from "./lease.ts";

/** `quota "students" allows 2 GPU-equivalents in all (quotas/students.yaml:6) and 0 are left (alice/train, alice/eval)`. */
export function describeQuota({ demand, quotaLeft, leases }: Waiting): string {
  const left = formatGpuEquivalents(Math.max(0, quotaLeft ?? 0));
  const holders = leases
    .filter((lease) => belongsToOwner(lease, demand))
    .map(({ holder }) => describeHolder(holder));
  const allowed = demand.quotaText ?? `${demand.namespace} has a quota`;
  return `${allowed} and ${left} are left${shortList([...new Set(holders)])}`;
}

/** `Of what is idle 1 are kept for carol (quotas/staff.yaml:8): it starts when more is idle, or within its quota`. */
export function describeKept({ kept }: Waiting): string {
  if (kept === undefined) return "Nothing is idle that could be borrowed";
  return `Of what is idle ${describeLenders(kept)}: it starts when more is idle, or within its own quota`;
}

/** `alice/sweep (GPUs beyond its owner's quota) gives way at 14:05.` */
export function describeNomination({ nomination, formatTime }: Waiting): readonly string[] {
  if (nomination === undefined) return [];
  const names = nomination.victims.map(
    ({ namespace, name, because }) =>
      `${namespace}/${name} (${because === "borrowed" ? "beyond its owner's quota" : "preemptible, lower priority"})`,
  );
  const verb = names.length === 1 ? "gives" : "give";
  return [`${names.join(" and ")} ${verb} way at ${formatTime(nomination.at)}.`];
}

/** True for a device that another object of the demand's owner holds now. */
export function belongsToOwner({ holder, from }: Lease, demand: DeviceDemand): boolean {
  return (
    from === undefined &&
    holder.type === "object" &&
    holder.namespace === demand.namespace &&
    holder.uid !== demand.uid
  );
}
