import { groupBy } from "../util/group-by.ts";
import { readClocks, reckoned, type ClockReading } from "./container-clock.ts";
import type { ObservedContainer } from "./observed.ts";
import type { ContainerRecord } from "./record.ts";

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

/** The same, with their times on the wall clock as it is set now. */
export function reckonedByUid({
  records,
  containers,
  instance,
  clock,
  now,
}: {
  readonly records: readonly Pick<ContainerRecord, "uid" | "memory">[];
  readonly containers: readonly ObservedContainer[];
  readonly instance: string;
  readonly clock?: ClockReading | null;
  readonly now: number;
}): ReadonlyMap<string, readonly ObservedContainer[]> {
  const byUid = new Map(containersByUid(containers, instance));
  for (const { uid, memory } of records) {
    const own = byUid.get(uid);
    if (own === undefined) continue;
    const known = reckoned(own, readClocks(memory.clocks ?? [], own, clock, now));
    if (known !== own) byUid.set(uid, known);
  }
  return byUid;
}
