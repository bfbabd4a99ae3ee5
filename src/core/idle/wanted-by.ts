import type { HostView } from "../host-view.ts";

/** Who waits for a device that an object holds: `bob/train`, the first in the queue; null when nobody does. */
export function wantedBy(
  { outcomes, demands }: Pick<HostView, "outcomes" | "demands">,
  uid: string,
): string | null {
  let first: { readonly position: number; readonly uid: string } | null = null;
  for (const [waiting, outcome] of outcomes) {
    if (outcome.type !== "waiting" || outcome.never || waiting === uid) continue;
    if (first !== null && first.position <= outcome.position) continue;
    const inTheWay = outcome.blockers.some(({ holder }) => holder.type === "object" && holder.uid === uid);
    if (inTheWay) first = { position: outcome.position, uid: waiting };
  }
  const demand = demands.find((one) => one.uid === first?.uid);
  return demand === undefined ? null : `${demand.namespace}/${demand.name}`;
}
