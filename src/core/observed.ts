import type { IoRate } from "./quota/block-io.ts";
import type { PlainUlimit } from "./quota/ulimits.ts";

/** Docker's own words for the state of a container. */
export type EngineState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** One container as inspect showed it; facts only, nothing concluded. Times are milliseconds since the epoch. */
export interface ObservedContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly state: EngineState;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Both on the wall clock of now, where it was set since; absent: as they are. They tell nothing from another run. */
  readonly reckoned?: { readonly startedAt: number | null; readonly finishedAt: number | null };
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** Docker's State.Error: why the last start failed; empty when it did not. */
  readonly error: string;
  /** null: the image declares no health check. */
  readonly health: "starting" | "healthy" | "unhealthy" | null;
  readonly pid: number | null;
  /**
   * True when processes of an exited container are still alive (its shim was killed), null when that could
   * not be found out. Only looked at for exited containers that had GPUs.
   */
  readonly lingering: boolean | null;
  readonly config: ObservedConfiguration;
  readonly gpuClaims: GpuClaims;
}

/** The live configuration, in the same terms as DesiredContainer, for drift detection. */
export interface ObservedConfiguration {
  /** Reference as given at create, and the image id it resolved to. */
  readonly image: string;
  readonly imageId: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDir: string;
  /** All variables, the image's included. Values never leave the process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly mounts: readonly ObservedMount[];
  readonly ports: readonly PublishedPort[];
  readonly network: string;
  readonly ipc: string;
  readonly process: ContainerProcess;
  readonly security: ContainerSecurity;
  readonly restartPolicy: string;
  readonly ulimits: readonly PlainUlimit[];
  /** Cgroup that its own is made in, as it was given at create; empty: where the engine puts it. */
  readonly cgroupParent: string;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** With swap together; null is unlimited. */
  readonly memorySwapBytes: number | null;
  readonly shmSizeBytes: number | null;
  readonly pidsLimit: number | null;
  readonly ioWeight: number | null;
  readonly ioRates: readonly IoRate[];
}

/** How a container's first process is run, and what it sees of the machine. */
export interface ContainerProcess {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** null: as the engine does for all. */
  readonly init: boolean | null;
  /** null: the image's, else SIGTERM. */
  readonly stopSignal: string | null;
  readonly healthCheck: ContainerHealthCheck;
  /** null: made up by the engine. */
  readonly hostname: string | null;
  /** Lines of /etc/hosts as `name:ip`, sorted. */
  readonly extraHosts: readonly string[];
}

/** Docker's health check; null leaves the image's, else Docker's own. */
export interface ContainerHealthCheck {
  /** In Docker's notation: `CMD`, `CMD-SHELL` or `NONE` first. */
  readonly test: readonly string[] | null;
  readonly intervalMs: number | null;
  readonly timeoutMs: number | null;
  readonly startPeriodMs: number | null;
  readonly retries: number | null;
}

/** What a container may do beyond others, or less; lists in one order, capabilities without `CAP_`. */
export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly pid: "private" | "host";
  readonly capabilitiesAdded: readonly string[];
  readonly capabilitiesDropped: readonly string[];
  /** Docker's notation: `no-new-privileges`, `seccomp=unconfined`, `apparmor=unconfined`. */
  readonly securityOptions: readonly string[];
  readonly readOnlyRootFilesystem: boolean;
  /** By their path in the container, those of accelerators included. */
  readonly devices: readonly PassedDevice[];
}

/** A device node of the host in a container. */
export interface PassedDevice {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  readonly permissions: string;
}

/** What is mounted in a container, and where. */
export type ObservedMount = BindMount | VolumeMount | TmpfsMount;

/** A path of the host. */
export interface BindMount {
  readonly type: "bind";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A volume of the engine, by its name there. */
export interface VolumeMount {
  readonly type: "volume";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Memory; null: as much, and with such permissions, as the engine gives. */
export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly target: string;
  readonly readOnly: boolean;
  readonly sizeBytes: number | null;
  readonly mode: number | null;
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly hostPort: number | null;
  readonly hostIp: string;
  readonly protocol: "tcp" | "udp";
}

/**
 * What a container can see of the GPUs, read from DeviceRequests, environment and runtime. `ids` may be
 * indices, `0:1`, or UUIDs as written; core resolves them against the inventory.
 */
export interface GpuClaims {
  readonly all: boolean;
  readonly ids: readonly string[];
}
