/** Answer of `GET .../limits/USER` (`ds01 limits`): what one user may have, and where each limit is set. */
export interface LimitsAnswer {
  readonly user: string;
  /** Unix groups of the user; empty for a user whom this host does not know. */
  readonly groups: readonly string[];
  /** The QuotaSpec that names the user most closely; null without any. */
  readonly quota: string | null;
  readonly limits: readonly LimitLine[];
  /** Flags of `docker run` for a container that names no limits of its own. */
  readonly dockerArgs: readonly string[];
}

export interface LimitLine {
  /** Stable name for scripts, such as `maxCpus`. */
  readonly key: string;
  /** What people read, such as `Max CPUs`. */
  readonly name: string;
  /** Bytes, CPUs, milliseconds, names; null is unlimited or never. */
  readonly value: number | string | boolean | readonly string[] | null;
  readonly text: string;
  /** What a container gets that says nothing, where that is less than the limit; null otherwise. */
  readonly default: string | null;
  /** `quotas/students.yaml:9`, or `built-in`. */
  readonly origin: string;
  /** False for what this version of ds01 does not keep to yet. */
  readonly enforced: boolean;
}

/** Answer of `GET .../usage/users` (`ds01 usage`): what everybody uses now, against what they may. */
export interface UserUsageLine {
  readonly user: string;
  readonly quota: string | null;
  readonly containers: number;
  readonly maxContainers: number | null;
  readonly gpuEquivalents: number;
  readonly nominalGpuEquivalents: number | null;
  /** Slots of the devices that are held. */
  readonly devices: readonly string[];
  /** Names of containers that run or hold devices, largest first. */
  readonly holders: readonly { readonly name: string; readonly gpuEquivalents: number }[];
}
