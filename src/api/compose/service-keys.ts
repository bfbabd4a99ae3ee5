import type { ContainerDraft, Origin } from "../docker-import/container-draft.ts";
import { readHostname, readInit, readStopSignal, readTerminal } from "../docker-import/machine.ts";
import { readIpc, readPid, readRuntime, readUser } from "../docker-import/process.ts";
import {
  readCpus,
  readCpuTime,
  readMemory,
  readMemorySwap,
  readPidsLimit,
  readShmSize,
} from "../docker-import/resource-limits.ts";
import { readCapability, readPrivileged, readReadOnly, readSecurityOption } from "../docker-import/rights.ts";
import type { Topic } from "../docker-import/topics.ts";
import { readDeploy, readReplicas } from "./service-deploy.ts";
import { readDependencies } from "./service-dependencies.ts";
import { readDiskLimits } from "./service-disks.ts";
import { readDevices, readGpus } from "./service-devices.ts";
import { readEnvironment, readEnvironmentFiles, readLabels } from "./service-environment.ts";
import { readExtraHosts, readNetworkMode, readPorts } from "./service-network.ts";
import {
  readGracePeriod,
  readHealthCheck,
  readPullPolicy,
  readRestartPolicy,
  readUlimits,
  readWords,
} from "./service-process.ts";
import type { Item, ServiceReading } from "./service-reading.ts";
import { readTmpfs } from "../docker-import/mounts.ts";
import { readVolumes } from "./service-volumes.ts";

/** What becomes of a key of a service: something of the draft, or nothing for the reason that a topic tells. */
type KeyUse = Topic | ((service: ServiceReading, item: Item) => void);

/** Keys that become nothing, by the reason. */
const leftOut: Readonly<Partial<Record<Topic, string>>> = {
  names: "dns dns_opt dns_search domainname external_links links",
  groups: "group_add",
  volumesFrom: "volumes_from",
  networkOptions: "mac_address",
  exposed: "expose",
  cpuChoice: "cpu_rt_period cpu_rt_runtime cpu_shares cpuset",
  softMemory: "mem_reservation",
  swap: "mem_swappiness",
  outOfMemory: "oom_kill_disable oom_score_adj",
  kernel: "storage_opt sysctls",
  namespaces: "cgroup userns_mode uts",
  platform: "platform",
  windows: "cpu_count cpu_percent credential_spec isolation",
  annotations: "annotations",
  engineSocket: "use_api_socket",
  deviceRule: "device_cgroup_rules",
  logging: "logging",
  cgroup: "cgroup_parent",
  configs: "configs",
  hooks: "post_start pre_stop",
  labelFile: "label_file",
  composeOnly: "attach develop driver_opts models provider",
};

const used: Readonly<Record<string, KeyUse>> = {
  image: textOf((draft, text, origin) => {
    draft.spec.image = text;
    draft.mark("spec.image", origin);
  }),
  entrypoint: (service, item) => readWords(service, item, "command"),
  command: (service, item) => readWords(service, item, "args"),
  working_dir: textOf((draft, text, origin) => {
    draft.spec.workingDir = text;
    draft.mark("spec.workingDir", origin);
  }),
  user: textOf(readUser),
  environment: readEnvironment,
  // Read before all else, for environment weighs more.
  env_file: () => undefined,
  labels: readLabels,
  volumes: readVolumes,
  tmpfs: textsOf(readTmpfs),
  ports: readPorts,
  network_mode: readNetworkMode,
  gpus: readGpus,
  devices: readDevices,
  runtime: textOf(readRuntime),
  deploy: readDeploy,
  scale: readReplicas,
  mem_limit: textOf(readMemory),
  memswap_limit: textOf(readMemorySwap),
  cpus: textOf(readCpus),
  cpu_quota: textOf((draft, text, origin) => readCpuTime(draft, "quota", text, origin)),
  cpu_period: textOf((draft, text, origin) => readCpuTime(draft, "period", text, origin)),
  blkio_config: readDiskLimits,
  shm_size: textOf(readShmSize),
  pids_limit: textOf(readPidsLimit),
  ulimits: readUlimits,
  ipc: textOf((draft, text, origin) => readIpc(draft, ofContainer(text), origin)),
  pid: textOf((draft, text, origin) => readPid(draft, ofContainer(text), origin)),
  restart: readRestartPolicy,
  pull_policy: readPullPolicy,
  stop_grace_period: readGracePeriod,
  privileged: whereTrue(readPrivileged),
  read_only: whereTrue(readReadOnly),
  init: whereTrue(readInit),
  tty: whereTrue((draft, origin) => readTerminal(draft, "tty", origin)),
  stdin_open: whereTrue((draft, origin) => readTerminal(draft, "stdin", origin)),
  stop_signal: textOf(readStopSignal),
  healthcheck: readHealthCheck,
  depends_on: readDependencies,
  hostname: textOf(readHostname),
  extra_hosts: readExtraHosts,
  cap_add: textsOf((draft, text, origin) => readCapability(draft, "add", text, origin)),
  cap_drop: textsOf((draft, text, origin) => readCapability(draft, "drop", text, origin)),
  security_opt: textsOf(readSecurityOption),
};

/** Every key of a service that is read one by one, after the Compose Specification (05-services.md). */
export const serviceKeys: ReadonlyMap<string, KeyUse> = new Map([
  ...Object.entries(used),
  ...Object.entries(leftOut).flatMap(([topic, names]) =>
    names.split(" ").map((name): [string, KeyUse] => [name, topic as Topic]),
  ),
]);

/** Keys that are read with more than the service at hand. */
export const otherServiceKeys: readonly string[] = [
  "build",
  "container_name",
  "extends",
  "networks",
  "profiles",
  "secrets",
];

/** Reads the keys of a service into its draft, env files first. */
export function readServiceKeys(service: ServiceReading, item: Item): void {
  readEnvironmentFiles(service, service.field(item, "env_file"));
  for (const field of service.fields(item)) {
    const use = serviceKeys.get(field.name);
    if (typeof use === "string") service.leaveOut(field, use);
    else use?.(service, field);
  }
}

type Reader = (draft: ContainerDraft, text: string, origin: Origin) => void;

function textOf(read: Reader): KeyUse {
  return (service, item) => {
    const text = service.text(item);
    if (text !== undefined) read(service.draft, text, service.originOf(item.path));
  };
}

function textsOf(read: Reader): KeyUse {
  return (service, item) => {
    for (const { text, path } of service.texts(item)) read(service.draft, text, service.originOf(path));
  };
}

function whereTrue(read: (draft: ContainerDraft, origin: Origin) => void): KeyUse {
  return (service, item) => {
    if (service.flag(item)) read(service.draft, service.originOf(item.path));
  };
}

/** Namespaces of other services are those of other containers. */
function ofContainer(text: string): string {
  return text.replace(/^service:/, "container:");
}
