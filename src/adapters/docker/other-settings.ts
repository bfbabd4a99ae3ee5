import type { OtherSetting } from "../../core/adoption/further-settings.ts";

/** What ds01 reads of Docker's inspect answer to tell what no spec says. */
export interface SettingsJson {
  readonly Image: string;
  readonly Config: {
    readonly StopTimeout?: number | null;
    readonly Domainname?: string;
  };
  readonly HostConfig: SettingsHost;
  readonly Mounts?:
    | readonly {
        readonly Type: string;
        readonly Name?: string;
        readonly Destination: string;
        readonly Propagation?: string;
      }[]
    | null;
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, NetworkJson | null>> | null;
  } | null;
}

type Words = readonly string[] | null;
type Pairs = Readonly<Record<string, string>> | null;

interface SettingsHost {
  readonly AutoRemove?: boolean;
  readonly NetworkMode?: string;
  readonly DeviceRequests?: readonly { readonly Driver?: string }[] | null;
  readonly Dns?: Words;
  readonly DnsSearch?: Words;
  readonly DnsOptions?: Words;
  readonly GroupAdd?: Words;
  readonly Links?: Words;
  readonly VolumesFrom?: Words;
  readonly Sysctls?: Pairs;
  readonly StorageOpt?: Pairs;
  readonly Tmpfs?: Pairs;
  readonly UTSMode?: string;
  readonly UsernsMode?: string;
  readonly OomKillDisable?: boolean | null;
  readonly OomScoreAdj?: number;
  readonly CpuShares?: number;
  readonly CpusetCpus?: string;
  readonly MemoryReservation?: number;
  readonly PublishAllPorts?: boolean;
}

interface NetworkJson {
  readonly IPAMConfig?: { readonly IPv4Address?: string } | null;
}

/** Settings that differ from what Docker does by itself and that no field of a spec stands for. */
export function otherSettings(json: SettingsJson): readonly OtherSetting[] {
  const { HostConfig: host, Config: config } = json;
  return [
    ...words("--dns", host.Dns),
    ...words("--dns-search", host.DnsSearch),
    ...words("--dns-option", host.DnsOptions),
    ...words("--group-add", host.GroupAdd),
    ...words("--link", host.Links),
    ...words("--volumes-from", host.VolumesFrom),
    ...pairs("--sysctl", host.Sysctls),
    ...pairs("--storage-opt", host.StorageOpt),
    ...Object.keys(host.Tmpfs ?? {}).map((path) => ({ setting: "--tmpfs", value: path })),
    ...unusual("--uts", host.UTSMode, ""),
    ...unusual("--userns", host.UsernsMode, ""),
    ...unusual("--domainname", config.Domainname, ""),
    ...unusual("--oom-score-adj", host.OomScoreAdj, 0),
    ...unusual("--oom-kill-disable", host.OomKillDisable ?? false, false),
    ...unusual("--cpu-shares", host.CpuShares, 0),
    ...unusual("--cpuset-cpus", host.CpusetCpus, ""),
    ...unusual("--memory-reservation", host.MemoryReservation, 0),
    ...unusual("--publish-all", host.PublishAllPorts, false),
    ...networks(json),
    ...propagations(json),
  ];
}

function words(setting: string, values: Words | undefined): OtherSetting[] {
  return (values ?? []).map((value) => ({ setting, value }));
}

function pairs(setting: string, values: Pairs | undefined): OtherSetting[] {
  return Object.entries(values ?? {}).map(([key, value]) => ({ setting, value: `${key}=${value}` }));
}

function unusual<T extends string | number | boolean>(
  setting: string,
  value: T | undefined,
  usual: T,
): OtherSetting[] {
  return value === undefined || value === usual ? [] : [{ setting, value: String(value) }];
}

/** Every network but the one that it was made in, and addresses that somebody chose. */
function networks({ HostConfig: host, NetworkSettings: settings }: SettingsJson): OtherSetting[] {
  const own = host.NetworkMode === undefined || host.NetworkMode === "default" ? "bridge" : host.NetworkMode;
  return Object.entries(settings?.Networks ?? {}).flatMap(([name, network]) => [
    ...(name === own ? [] : [{ setting: "docker network connect", value: name }]),
    ...unusual("--ip", network?.IPAMConfig?.IPv4Address, ""),
  ]);
}

function propagations({ Mounts: mounts }: SettingsJson): OtherSetting[] {
  return (mounts ?? []).flatMap(({ Type, Destination, Propagation = "" }) =>
    Type === "bind" && !["", "rprivate", "private"].includes(Propagation)
      ? [{ setting: "--mount", value: `${Destination} with bind-propagation=${Propagation}` }]
      : [],
  );
}
