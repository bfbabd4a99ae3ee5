import { groupBy } from "../util/group-by.ts";
import type { ObservedContainer } from "./observed.ts";

/** The containers that this controller manages, by the uid of their object. */
export function containersByUid(
  containers: readonly ObservedContainer[],
  instance: string,
): ReadonlyMap<string, readonly ObservedContainer[]> {
  const ours = containers.filter(
    (container) =>
      container.labels["ds01.managed"] === "true" &&
      container.labels["ds01.instance"] === instance &&
      (container.labels["ds01.uid"] ?? "") !== "",
  );
  return groupBy(ours, (container) => container.labels["ds01.uid"] ?? "");
}
