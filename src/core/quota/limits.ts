import type { EffectiveIo, ResolvedIo } from "./block-io.ts";
import type { CannotLimit } from "./engine-limits.ts";
import type { ResolvedMemorySwap } from "./memory-swap.ts";
import type { ResolvedGrants } from "./grants.ts";
import type { EffectiveUlimit, ResolvedUlimits } from "./ulimits.ts";
import type { Strategy } from "../schedule/strategies.ts";

/** Where a value in effect comes from, for `describe` and for refusals. */
export interface Origin {
  readonly from: "spec" | "quota" | "built-in";
  /** `quotas/students.yaml:7` or `users/alice/train.yaml:9`; null for built-in values. */
  readonly place: string | null;
  /** Name of the QuotaSpec, null otherwise. */
  readonly quota: string | null;
}

/** A value with its origin. */
export interface Sourced<T> {
  readonly value: T;
  readonly origin: Origin;
}

/**
 * What one user may have, resolved per field: user entry > group entry > default entry > built in. null as
 * value means unlimited (or never, for durations); an absent grant is a denial.
 */
export interface ResolvedQuota {
  readonly user: string;
  /** The QuotaSpec that names the user most closely, for headings; null without any. */
  readonly primary: string | null;
  readonly priority: Sourced<number>;
  readonly maxContainers: Sourced<number | null>;
  readonly gpuNominal: Sourced<number | null>;
  /** Above nominal, while it is idle; the built-in 0 does not bound work that is preemptible. */
  readonly gpuBorrowingLimit: Sourced<number | null>;
  /** What others may borrow of what this user does not use; null is all of it. */
  readonly gpuLendingLimit: Sourced<number | null>;
  /** Whose quotas lend one another; null is everybody without a cohort. */
  readonly cohort: Sourced<string | null>;
  readonly gpuMaxPerContainer: Sourced<number | null>;
  readonly allowFullGpu: Sourced<boolean>;
  readonly gpuProfiles: Sourced<readonly string[] | null>;
  /** Of all containers of the user together. */
  readonly aggregate: ResolvedAggregate;
  readonly defaults: ResolvedLimits;
  readonly maximums: ResolvedLimits;
  readonly memorySwap: ResolvedMemorySwap;
  readonly ulimits: ResolvedUlimits;
  readonly io: ResolvedIo;
  readonly maxRuntimeMs: Sourced<number | null>;
  readonly idleTimeoutMs: Sourced<number | null>;
  readonly holdGpuAfterStopMs: Sourced<number | null>;
  readonly removeAfterStopMs: Sourced<number | null>;
  readonly hostPaths: Sourced<readonly { readonly path: string; readonly readOnly: boolean }[]>;
  readonly users: Sourced<readonly string[]>;
  readonly hostNetwork: Sourced<boolean>;
  readonly hostIpc: Sourced<boolean>;
  readonly grants: ResolvedGrants;
  /** Strategies that a spec may name on this host; absent: none. */
  readonly strategies?: readonly Strategy[];
  /** CPUs of this machine, which Docker lets no limit exceed; absent where that is not known. */
  readonly machineCpus?: number;
  /** What the engine cannot limit; absent: nothing. */
  readonly cannotLimit?: CannotLimit;
}

/** What one user's containers may use together; `value: null` is unlimited. */
export interface ResolvedAggregate {
  readonly cpus: Sourced<number | null>;
  readonly memoryBytes: Sourced<number | null>;
  readonly pids: Sourced<number | null>;
}

/** Per-container limits of a quota; `value: null` is unlimited. Bytes and CPUs are plain numbers. */
export interface ResolvedLimits {
  readonly cpus: Sourced<number | null>;
  readonly memoryBytes: Sourced<number | null>;
  readonly shmSizeBytes: Sourced<number | null>;
  readonly pidsLimit: Sourced<number | null>;
}

/** The limits one container gets: its own, else the quota's default, else its maximum, else none. */
export interface EffectiveLimits extends ResolvedLimits {
  /** With swap together; as much as memory is no swap, null is unlimited. */
  readonly memorySwapBytes: Sourced<number | null>;
  readonly ulimits: readonly EffectiveUlimit[];
  readonly io: EffectiveIo;
  /** As in the quota. */
  readonly cannotLimit?: CannotLimit;
  readonly priority: Sourced<number>;
  readonly maxRuntimeMs: Sourced<number | null>;
  readonly idleTimeoutMs: Sourced<number | null>;
  readonly holdGpuAfterStopMs: Sourced<number | null>;
  readonly removeAfterStopMs: Sourced<number | null>;
  /** Of the container of a job that is done, in the place of removeAfterStop; absent: that counts. */
  readonly ttlAfterFinishedMs?: Sourced<number | null>;
}

/** Something a spec asks for that its owner's quota does not allow at all: the owner or an admin must act. */
export interface Violation {
  /** ExceedsMaxQuota, FullGpuNotAllowed, ProfileNotAllowed, HostPathDenied, UserDenied, ... */
  readonly reason: string;
  readonly field: string;
  /** Wanted, found, what to do; names the file and line that sets the limit. */
  readonly message: string;
}

/** What one user uses now over all containers. */
export interface UserUsage {
  /** Objects that have or are about to have a running container. */
  readonly containers: number;
  readonly gpuEquivalents: number;
  /** Who uses how much, for messages: largest first. */
  readonly holders: readonly { readonly name: string; readonly gpuEquivalents: number }[];
}
