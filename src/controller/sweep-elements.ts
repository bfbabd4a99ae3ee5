import type { ContainerRecord } from "../core/record.ts";
import type { World } from "../core/world.ts";
import type { Store, StoreChange } from "../ports/store.ts";

/** The objects that a sweep stands for; nothing for what is no sweep. */
export function elementsOf(
  { namespace, name, spec }: ContainerRecord,
  store: Store,
): Pick<World, "elements"> {
  if (spec?.replicas === undefined) return {};
  const elements = store
    .list("ContainerSpec")
    .filter((record) => record.source.element?.of === name && record.namespace === namespace);
  return { elements };
}

/** Key of the sweep that a change of an element concerns; null where it concerns none. */
export function sweepOf({
  record,
}: StoreChange<"ContainerSpec" | "QuotaSpec" | "ReservationSpec">): string | null {
  const { element } = record.source;
  return element === undefined ? null : `${record.namespace}/${element.of}`;
}
