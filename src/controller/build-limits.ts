import { effectiveLimits } from "../core/quota/effective.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { BuildLimits } from "../ports/container-runtime.ts";
import type { AggregateBook } from "./aggregate-book.ts";
import type { HostState } from "./host-state.ts";

const unlimited: BuildLimits = { cpus: null, memoryBytes: null, cgroupParent: null };

/** A build may use what the container that it is for may use, and counts with all else of its user. */
export function buildLimits(
  { spec, namespace }: ContainerRecord,
  host: Pick<HostState, "view">,
  aggregates: Pick<AggregateBook, "stateOf">,
): BuildLimits {
  if (spec === null) return unlimited;
  const { cpus, memoryBytes } = effectiveLimits(spec, host.view().quotaOf(namespace), () => "");
  return {
    cpus: cpus.value,
    memoryBytes: memoryBytes.value,
    cgroupParent: aggregates.stateOf(namespace)?.parent ?? null,
  };
}
