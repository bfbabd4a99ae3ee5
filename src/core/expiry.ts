import { endOf, startOf } from "./container-clock.ts";
import type { EffectiveLimits } from "./quota/limits.ts";
import type { ObservedContainer } from "./observed.ts";
import type { ContainerRecord } from "./record.ts";

/** When a running container reaches its maxRuntime (milliseconds since the epoch); null when it never does. */
export function expiresAt(
  container: ObservedContainer,
  { memory, generation }: Pick<ContainerRecord, "memory" | "generation">,
  limits: EffectiveLimits,
): number | null {
  const maxRuntimeMs = memory.generation === generation ? memory.maxRuntimeMs : limits.maxRuntimeMs.value;
  const startedAt = startOf(container);
  if (maxRuntimeMs === null || startedAt === null) return null;
  return startedAt + Math.max(0, maxRuntimeMs - memory.ranMs);
}

/** How much of its maxRuntime an object has left that does not run now, in milliseconds; null where it has none. */
export function remainingRuntimeMs(
  containers: readonly ObservedContainer[],
  { memory, generation }: Pick<ContainerRecord, "memory" | "generation">,
  limits: EffectiveLimits,
): number | null {
  // The last run is counted when it is looked at.
  const uncounted = containers
    .filter(({ finishedAt }) => finishedAt !== null && finishedAt !== memory.countedRunEndedAt)
    .map(ranMsOf);
  const ranMs = memory.ranMs + Math.max(0, ...uncounted);
  // What has not run yet is bound by the quota of now.
  if (memory.generation !== generation || ranMs === 0) return limits.maxRuntimeMs.value;
  return memory.maxRuntimeMs === null ? null : Math.max(0, memory.maxRuntimeMs - ranMs);
}

/** How long a run took that has ended; 0 for one that has not, and never less (milliseconds). */
export function ranMsOf(container: ObservedContainer): number {
  const [startedAt, finishedAt] = [startOf(container), endOf(container)];
  return startedAt === null || finishedAt === null ? 0 : Math.max(0, finishedAt - startedAt);
}

/** When a stopped container gives its GPUs back; null is never, undefined when it is not stopped. */
export function holdUntil(container: ObservedContainer, limits: EffectiveLimits): number | null | undefined {
  const finishedAt = endOf(container);
  if (finishedAt === null) return undefined;
  const holdMs = limits.holdGpuAfterStopMs.value;
  return holdMs === null ? null : finishedAt + holdMs;
}

/** When a stopped container is removed; null is never, undefined when it is not stopped. */
export function removeAt(container: ObservedContainer, limits: EffectiveLimits): number | null | undefined {
  const finishedAt = endOf(container);
  if (finishedAt === null) return undefined;
  const removeMs = limits.removeAfterStopMs.value;
  return removeMs === null ? null : finishedAt + removeMs;
}

/** When the container of a job that is done is removed; null is never, undefined when it is not stopped. */
export function finishedRemoveAt(
  container: ObservedContainer,
  limits: EffectiveLimits,
): number | null | undefined {
  const { ttlAfterFinishedMs } = limits;
  const finishedAt = endOf(container);
  if (ttlAfterFinishedMs === undefined || finishedAt === null) return removeAt(container, limits);
  return ttlAfterFinishedMs.value === null ? null : finishedAt + ttlAfterFinishedMs.value;
}

/** True when the container was created with exactly these devices. */
export function isMadeFor(
  container: Pick<ObservedContainer, "labels">,
  devices: readonly { readonly uuid: string }[],
): boolean {
  const had = deviceUuidsOf(container).toSorted().join();
  return (
    had ===
    devices
      .map(({ uuid }) => uuid)
      .toSorted()
      .join()
  );
}

/** True when every device of the container is in the claim. */
export function holdsDevicesOf(
  claim: { readonly deviceUuids: readonly string[] } | null,
  container: Pick<ObservedContainer, "labels">,
): boolean {
  return deviceUuidsOf(container).every((uuid) => claim?.deviceUuids.includes(uuid));
}

/** UUIDs a container was created with, from its label. */
export function deviceUuidsOf(container: Pick<ObservedContainer, "labels">): readonly string[] {
  const written = container.labels["ds01.gpu.uuids"] ?? "";
  return written === "" ? [] : written.split(",");
}

/** The earlier of two moments, either of which may never come (null). */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
