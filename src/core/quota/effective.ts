import type { ContainerSpecSpec } from "../../api/container.ts";
import { parseDuration } from "../../util/duration.ts";
import { parseBytes, parseCpus } from "../../util/quantity.ts";
import { effectiveIo } from "./block-io.ts";
import { effectiveMemorySwap } from "./memory-swap.ts";
import { withinAggregate } from "./aggregate.ts";
import type { EffectiveLimits, Origin, ResolvedLimits, ResolvedQuota, Sourced } from "./limits.ts";
import { effectiveUlimits } from "./ulimits.ts";

/** Where a field of the spec stands, such as `users/alice/train.yaml:9`. */
export type SpecPlace = (fieldPath: string) => string;

/**
 * The limits a container gets: what its spec names, else the quota's default (never above its maximum), else
 * the quota's maximum, else none. A named value above the maximum is a violation. Resources are not lowered
 * here; the priority and deadlines of what runs or holds a GPU are, as they count at once though the edit that names
 * them is refused.
 */
export function effectiveLimits(
  spec: Pick<ContainerSpecSpec, "resources" | "lifecycle" | "priority">,
  quota: ResolvedQuota,
  specPlace: SpecPlace,
): EffectiveLimits {
  const specOrigin = (field: string): Origin => ({ from: "spec", place: specPlace(field), quota: null });
  const written = <T>(field: string, value: T | undefined, otherwise: Sourced<T>): Sourced<T> =>
    value === undefined ? otherwise : { value, origin: specOrigin(field) };
  const limit = (field: string, key: keyof ResolvedLimits, value: number | undefined) =>
    written<number | null>(field, value, granted(quota, key));
  const lifecycle = (
    name: "maxRuntime" | "idleTimeout" | "holdGpuAfterStop" | "removeAfterStop",
    bound: Sourced<number | null>,
  ) => written(`spec.lifecycle.${name}`, writtenDurationMs(spec.lifecycle?.[name]), bound);
  const deadline = (name: "maxRuntime" | "idleTimeout" | "holdGpuAfterStop", bound: Sourced<number | null>) =>
    within(lifecycle(name, bound), bound);
  const { resources } = spec;
  const memoryBytes = limit("spec.resources.memory", "memoryBytes", optional(resources?.memory, parseBytes));
  return {
    cpus: limit("spec.resources.cpus", "cpus", optional(resources?.cpus, parseCpus)),
    memoryBytes,
    memorySwapBytes: effectiveMemorySwap(
      resources?.memorySwap,
      quota,
      memoryBytes,
      specOrigin("spec.resources.memorySwap"),
    ),
    shmSizeBytes: limit("spec.resources.shmSize", "shmSizeBytes", optional(resources?.shmSize, parseBytes)),
    pidsLimit: limit("spec.resources.pidsLimit", "pidsLimit", resources?.pidsLimit),
    ulimits: effectiveUlimits(resources?.ulimits, quota, specOrigin("spec.resources.ulimits")),
    io: effectiveIo(resources?.io, quota, specOrigin("spec.resources.io")),
    ...(quota.cannotLimit === undefined ? {} : { cannotLimit: quota.cannotLimit }),
    priority: noMoreThan(written("spec.priority", spec.priority, quota.priority), quota.priority),
    maxRuntimeMs: deadline("maxRuntime", quota.maxRuntimeMs),
    idleTimeoutMs: deadline("idleTimeout", quota.idleTimeoutMs),
    holdGpuAfterStopMs: deadline("holdGpuAfterStop", quota.holdGpuAfterStopMs),
    removeAfterStopMs: lifecycle("removeAfterStop", quota.removeAfterStopMs),
    ...ttlAfterFinished(spec, specOrigin("spec.lifecycle.ttlAfterFinished")),
  };
}

function ttlAfterFinished(
  { lifecycle }: Pick<ContainerSpecSpec, "lifecycle">,
  origin: Origin,
): Pick<EffectiveLimits, "ttlAfterFinishedMs"> {
  const value = writtenDurationMs(lifecycle?.ttlAfterFinished);
  return value === undefined ? {} : { ttlAfterFinishedMs: { value, origin } };
}

/** The deadline that a quota sets, where the named one is later or never comes. */
function within(named: Sourced<number | null>, bound: Sourced<number | null>): Sourced<number | null> {
  if (bound.value === null || bound.origin.from !== "quota") return named;
  return named.value === null || named.value > bound.value ? bound : named;
}

/** The priority that a quota allows, where the named one is higher. */
function noMoreThan(named: Sourced<number>, bound: Sourced<number>): Sourced<number> {
  return bound.origin.from === "quota" && named.value > bound.value ? bound : named;
}

/** Milliseconds of a written duration; null is never, undefined is not written. */
export function writtenDurationMs(written: string | undefined): number | null | undefined {
  if (written === undefined) return undefined;
  return written === "never" ? null : parseDuration(written);
}

/** One quota serves machines of different sizes, so what it gives is never more than the machine has. */
function granted(quota: ResolvedQuota, key: keyof ResolvedLimits): Sourced<number | null> {
  const given = withinAggregate(grantedByQuota(quota, key), key, quota);
  const most = key === "cpus" ? quota.machineCpus : undefined;
  return most === undefined || given.value === null || given.value <= most
    ? given
    : { ...given, value: most };
}

function grantedByQuota(quota: ResolvedQuota, key: keyof ResolvedLimits): Sourced<number | null> {
  const usual = quota.defaults[key];
  const most = quota.maximums[key];
  if (usual.origin.from === "built-in") return most;
  if (most.value === null) return usual;
  return usual.value === null || usual.value > most.value ? most : usual;
}

function optional<T, R>(value: T | undefined, parse: (value: T) => R | undefined): R | undefined {
  return value === undefined ? undefined : parse(value);
}
