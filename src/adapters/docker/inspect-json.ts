/** What ds01 reads of one row of Docker's list answer. */
export interface ListJson {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly State: string;
  readonly Status: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** What ds01 reads of Docker's inspect answer; Docker writes null where nothing is set. */
export interface InspectJson {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly State: {
    readonly Status: string;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string } | null;
  };
  readonly Mounts?: readonly InspectMount[] | null;
  readonly Config: {
    readonly Image: string;
    readonly Entrypoint?: readonly string[] | string | null;
    readonly Cmd?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly Env?: readonly string[] | null;
    readonly User?: string;
    readonly Tty?: boolean;
    readonly OpenStdin?: boolean;
    readonly StopSignal?: string;
    readonly Hostname?: string;
    readonly Healthcheck?: InspectHealthcheck | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig: InspectHostConfig;
}

export interface InspectMount {
  readonly Type: string;
  /** Of a volume. */
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly RW: boolean;
}

export interface InspectHostConfig {
  readonly NetworkMode?: string;
  readonly Init?: boolean | null;
  readonly ExtraHosts?: readonly string[] | null;
  readonly IpcMode?: string;
  readonly Privileged?: boolean;
  readonly PidMode?: string;
  readonly CapAdd?: readonly string[] | null;
  readonly CapDrop?: readonly string[] | null;
  readonly SecurityOpt?: readonly string[] | null;
  readonly ReadonlyRootfs?: boolean;
  readonly RestartPolicy?: { readonly Name?: string } | null;
  readonly PortBindings?: Readonly<Record<string, readonly InspectPortBinding[] | null>> | null;
  readonly CgroupParent?: string;
  readonly Ulimits?:
    | readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[]
    | null;
  readonly NanoCpus?: number;
  readonly CpuQuota?: number;
  readonly CpuPeriod?: number;
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly BlkioWeight?: number;
  readonly BlkioDeviceReadBps?: readonly InspectRate[] | null;
  readonly BlkioDeviceWriteBps?: readonly InspectRate[] | null;
  readonly BlkioDeviceReadIOps?: readonly InspectRate[] | null;
  readonly BlkioDeviceWriteIOps?: readonly InspectRate[] | null;
  readonly ShmSize?: number;
  readonly PidsLimit?: number | null;
  readonly Runtime?: string;
  readonly Binds?: readonly string[] | null;
  /** As they were asked for. */
  readonly Mounts?: readonly InspectMountSettings[] | null;
  readonly DeviceRequests?: readonly InspectDeviceRequest[] | null;
  readonly Devices?: readonly InspectDevice[] | null;
}

interface InspectMountSettings {
  readonly Type: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number } | null;
}

interface InspectRate {
  readonly Path: string;
  readonly Rate: number;
}

interface InspectDevice {
  readonly PathOnHost: string;
  readonly PathInContainer?: string;
  readonly CgroupPermissions?: string;
}

export interface InspectPortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

export interface InspectDeviceRequest {
  readonly Driver?: string;
  readonly Count?: number;
  readonly DeviceIDs?: readonly string[] | null;
  readonly Capabilities?: readonly (readonly string[])[] | null;
}

/** Times in nanoseconds; 0 is the engine's default. */
export interface InspectHealthcheck {
  readonly Test?: readonly string[] | null;
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
}
