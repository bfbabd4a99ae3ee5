import type { QuotaSpecSpec, ResourceLimits } from "../../api/quota.ts";
import { parseDuration } from "../../util/duration.ts";
import { parseBytes, parseCpus } from "../../util/quantity.ts";
import type { QuotaRecord } from "../record.ts";
import { resolveIo } from "./block-io.ts";
import { resolveMemorySwap } from "./memory-swap.ts";
import { resolveGrants } from "./grants.ts";
import type { Origin, ResolvedAggregate, ResolvedLimits, ResolvedQuota, Sourced } from "./limits.ts";

/** What holds where no QuotaSpec says anything; null is unlimited or never. */
const builtIn = {
  priority: 50,
  borrowingLimit: 0,
  holdGpuAfterStopMs: 15 * 60_000,
  users: ["owner", "image"],
} as const;

/** Reads one field of a spec; undefined means that this quota does not say it. */
type Read<T> = (spec: QuotaSpecSpec) => T | undefined;

/**
 * What `user` may have. Each field comes from the closest entry that says it: one that names the user, then
 * one that names a group of theirs, then a default one, then the built-in value. Of several entries equally
 * close the first by name counts, so that adding a quota can be read off from the list.
 */
export function resolveQuota(
  user: string,
  groups: readonly string[],
  quotas: readonly QuotaRecord[],
): ResolvedQuota {
  const entries = quotas
    .flatMap((quota) => entryFor(quota, user, groups))
    .toSorted((left, right) => left.level - right.level || compareNames(left.quota.name, right.quota.name));
  const field = <T>(path: string, read: Read<T>, otherwise: T): Sourced<T> => {
    for (const { quota, spec } of entries) {
      const value = read(spec);
      if (value !== undefined) return { value, origin: originOf(quota, path) };
    }
    return { value: otherwise, origin: { from: "built-in", place: null, quota: null } };
  };
  const durations = (name: keyof NonNullable<QuotaSpecSpec["lifecycle"]>, otherwise: number | null) =>
    field(`spec.lifecycle.${name}`, (spec) => durationMs(spec.lifecycle?.[name]), otherwise);
  return {
    user,
    primary: entries[0]?.quota.name ?? null,
    priority: field("spec.priority", (spec) => spec.priority, builtIn.priority),
    maxContainers: field("spec.maxContainers", (spec) => amount(spec.maxContainers), null),
    gpuNominal: field("spec.gpus.nominal", (spec) => amount(spec.gpus?.nominal), null),
    gpuBorrowingLimit: field(
      "spec.gpus.borrowingLimit",
      (spec) => amount(spec.gpus?.borrowingLimit),
      builtIn.borrowingLimit,
    ),
    gpuLendingLimit: field("spec.gpus.lendingLimit", (spec) => amount(spec.gpus?.lendingLimit), null),
    cohort: field<string | null>("spec.cohort", (spec) => spec.cohort, null),
    gpuMaxPerContainer: field(
      "spec.gpus.maxPerContainer",
      (spec) => amount(spec.gpus?.maxPerContainer),
      null,
    ),
    allowFullGpu: field("spec.gpus.allowFullGpu", (spec) => spec.gpus?.allowFullGpu, true),
    gpuProfiles: field<readonly string[] | null>("spec.gpus.profiles", (spec) => spec.gpus?.profiles, null),
    aggregate: aggregate(field),
    defaults: limits("default", field),
    maximums: limits("max", field),
    memorySwap: resolveMemorySwap(field),
    io: resolveIo(field),
    ulimits: {
      defaults: field("spec.perContainer.default.ulimits", (spec) => spec.perContainer?.default?.ulimits, []),
      maximums: field("spec.perContainer.max.ulimits", (spec) => spec.perContainer?.max?.ulimits, []),
    },
    maxRuntimeMs: durations("maxRuntime", null),
    idleTimeoutMs: durations("idleTimeout", null),
    holdGpuAfterStopMs: durations("holdGpuAfterStop", builtIn.holdGpuAfterStopMs),
    removeAfterStopMs: durations("removeAfterStop", null),
    hostPaths: field<ResolvedQuota["hostPaths"]["value"]>(
      "spec.policy.hostPaths",
      (spec) => spec.policy?.hostPaths,
      [],
    ),
    users: field<readonly string[]>("spec.policy.users", (spec) => spec.policy?.users, builtIn.users),
    hostNetwork: field("spec.policy.hostNetwork", (spec) => spec.policy?.hostNetwork, false),
    hostIpc: field("spec.policy.hostIPC", (spec) => spec.policy?.hostIPC, false),
    grants: resolveGrants(field),
  };
}

/** `quotas/students.yaml:7`, or the file alone when the line of the field is not known. */
export function placeOf(source: QuotaRecord["source"], fieldPath: string): string {
  const line = source.positions[fieldPath]?.line;
  return line === undefined ? source.path : `${source.path}:${line}`;
}

interface Entry {
  readonly quota: QuotaRecord;
  readonly spec: QuotaSpecSpec;
  /** 0 names the user, 1 a group, 2 is for everybody. */
  readonly level: 0 | 1 | 2;
}

function entryFor(quota: QuotaRecord, user: string, groups: readonly string[]): readonly Entry[] {
  const { spec, deletion } = quota;
  if (spec === null || deletion !== null) return [];
  const { subjects } = spec;
  if (subjects.users?.includes(user) === true) return [{ quota, spec, level: 0 }];
  if (subjects.groups?.some((group) => groups.includes(group)) === true) return [{ quota, spec, level: 1 }];
  return subjects.default ? [{ quota, spec, level: 2 }] : [];
}

function originOf(quota: QuotaRecord, path: string): Origin {
  return { from: "quota", place: placeOf(quota.source, path), quota: quota.name };
}

function limits(
  which: "default" | "max",
  field: <T>(path: string, read: Read<T>, otherwise: T) => Sourced<T>,
): ResolvedLimits {
  const limit = (
    name: Exclude<keyof ResourceLimits, "ulimits" | "memorySwap" | "io">,
    parse: (written: string | number) => number | null | undefined,
  ) =>
    field<number | null>(
      `spec.perContainer.${which}.${name}`,
      (spec) => {
        const written = spec.perContainer?.[which]?.[name];
        return written === undefined ? undefined : parse(written);
      },
      null,
    );
  return {
    cpus: limit("cpus", cpus),
    memoryBytes: limit("memory", bytes),
    shmSizeBytes: limit("shmSize", bytes),
    pidsLimit: limit("pidsLimit", (written) => (written === "unlimited" ? null : Number(written))),
  };
}

function aggregate(field: <T>(path: string, read: Read<T>, otherwise: T) => Sourced<T>): ResolvedAggregate {
  return {
    cpus: field<number | null>("spec.aggregate.cpus", (spec) => cpus(spec.aggregate?.cpus), null),
    memoryBytes: field<number | null>(
      "spec.aggregate.memory",
      (spec) => (spec.aggregate?.memory === undefined ? undefined : bytes(spec.aggregate.memory)),
      null,
    ),
    pids: field<number | null>("spec.aggregate.pids", (spec) => amount(spec.aggregate?.pids), null),
  };
}

function cpus(written: string | number | undefined): number | null | undefined {
  if (written === undefined) return undefined;
  return written === "unlimited" ? null : parseCpus(written);
}

function bytes(written: string | number): number | null | undefined {
  return written === "unlimited" ? null : parseBytes(String(written));
}

function amount(written: number | "unlimited" | undefined): number | null | undefined {
  return written === "unlimited" ? null : written;
}

function durationMs(written: string | undefined): number | null | undefined {
  if (written === undefined) return undefined;
  return written === "never" ? null : parseDuration(written);
}

function compareNames(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
