import type { IoRateName } from "../block-io.ts";
import { readDiskLimit, readDiskWeight } from "../docker-import/disk-limits.ts";
import { readVariable } from "../docker-import/environment.ts";
import { readGpuRequest } from "../docker-import/gpus.ts";
import {
  readHealthLine,
  readHealthRetries,
  readHealthTime,
  readNoHealthCheck,
} from "../docker-import/health.ts";
import {
  readHostAlias,
  readHostname,
  readInit,
  readStopSignal,
  readTerminal,
} from "../docker-import/machine.ts";
import { readMount, readTmpfs, readVolume } from "../docker-import/mounts.ts";
import { readNetwork, readPublished } from "../docker-import/network.ts";
import {
  readIpc,
  readLabel,
  readPid,
  readPull,
  readRestart,
  readRuntime,
  readStopTimeout,
  readUser,
} from "../docker-import/process.ts";
import {
  readCpus,
  readCpuTime,
  readMemory,
  readMemorySwap,
  readPidsLimit,
  readShmSize,
  readUlimit,
} from "../docker-import/resource-limits.ts";
import {
  readCapability,
  readDevice,
  readPrivileged,
  readReadOnly,
  readSecurityOption,
} from "../docker-import/rights.ts";
import type { Topic } from "../docker-import/topics.ts";
import type { FlagUse, RunFlag } from "./flag.ts";
import {
  readEntrypoint,
  readLabelFile,
  readName,
  readVariableFile,
  readWorkingDirectory,
} from "./flag-readers.ts";

/** Flags that become nothing, by the reason; those that take no value are named below. */
const leftOut: Readonly<Partial<Record<Topic, string>>> = {
  attached: "attach detach-keys sig-proxy",
  names: "dns dns-option dns-search domainname link",
  healthCheck: "health-start-interval",
  groups: "group-add",
  namelessVolume: "volume-driver",
  volumesFrom: "volumes-from",
  networkOptions: "ip ip6 link-local-ip mac-address network-alias",
  publishAll: "publish-all",
  exposed: "expose",
  diskSpeed: "blkio-weight-device",
  cpuChoice: "cpu-rt-period cpu-rt-runtime cpu-shares cpuset-cpus cpuset-mems",
  softMemory: "memory-reservation kernel-memory",
  swap: "memory-swappiness",
  outOfMemory: "oom-kill-disable oom-score-adj",
  kernel: "storage-opt sysctl",
  namespaces: "cgroupns userns uts",
  platform: "platform",
  windows: "cpu-count cpu-percent io-maxbandwidth io-maxiops isolation",
  annotations: "annotation",
  idFile: "cidfile",
  engineSocket: "use-api-socket",
  deviceRule: "device-cgroup-rule",
  removal: "rm",
  logging: "log-driver log-opt",
  cgroup: "cgroup-parent",
  background: "detach",
  quiet: "quiet disable-content-trust",
};

/** Flags without a value. */
const switches: readonly string[] =
  "detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged publish-all quiet read-only rm sig-proxy tty use-api-socket".split(
    " ",
  );

const shorts: Readonly<Record<string, string>> = {
  attach: "a",
  "cpu-shares": "c",
  detach: "d",
  env: "e",
  hostname: "h",
  interactive: "i",
  label: "l",
  memory: "m",
  publish: "p",
  "publish-all": "P",
  quiet: "q",
  tty: "t",
  user: "u",
  volume: "v",
  workdir: "w",
};

const used: Readonly<Record<string, FlagUse>> = {
  name: readName,
  entrypoint: readEntrypoint,
  env: (draft, value, origin, { environment }) => readVariable(draft, value, origin, environment),
  "env-file": readVariableFile,
  label: readLabel,
  "label-file": readLabelFile,
  volume: (draft, value, origin, { directory }) => readVolume(draft, value, origin, directory),
  mount: (draft, value, origin, { directory }) => readMount(draft, value, origin, directory),
  tmpfs: readTmpfs,
  publish: readPublished,
  network: readNetwork,
  gpus: readGpuRequest,
  runtime: readRuntime,
  memory: readMemory,
  "memory-swap": readMemorySwap,
  cpus: readCpus,
  "cpu-quota": (draft, value, origin) => readCpuTime(draft, "quota", value, origin),
  "cpu-period": (draft, value, origin) => readCpuTime(draft, "period", value, origin),
  "blkio-weight": readDiskWeight,
  "device-read-bps": diskLimit("readBytesPerSecond"),
  "device-write-bps": diskLimit("writeBytesPerSecond"),
  "device-read-iops": diskLimit("readOperationsPerSecond"),
  "device-write-iops": diskLimit("writeOperationsPerSecond"),
  "shm-size": readShmSize,
  "pids-limit": readPidsLimit,
  ulimit: readUlimit,
  ipc: readIpc,
  pid: readPid,
  user: readUser,
  workdir: readWorkingDirectory,
  restart: readRestart,
  "stop-timeout": readStopTimeout,
  pull: readPull,
  tty: (draft, _value, origin) => readTerminal(draft, "tty", origin),
  interactive: (draft, _value, origin) => readTerminal(draft, "stdin", origin),
  init: (draft, _value, origin) => readInit(draft, origin),
  "stop-signal": readStopSignal,
  "health-cmd": readHealthLine,
  "health-interval": (draft, value, origin) => readHealthTime(draft, "interval", value, origin),
  "health-timeout": (draft, value, origin) => readHealthTime(draft, "timeout", value, origin),
  "health-start-period": (draft, value, origin) => readHealthTime(draft, "startPeriod", value, origin),
  "health-retries": readHealthRetries,
  "no-healthcheck": (draft, _value, origin) => readNoHealthCheck(draft, origin),
  hostname: readHostname,
  "add-host": readHostAlias,
  privileged: (draft, _value, origin) => readPrivileged(draft, origin),
  "read-only": (draft, _value, origin) => readReadOnly(draft, origin),
  "cap-add": (draft, value, origin) => readCapability(draft, "add", value, origin),
  "cap-drop": (draft, value, origin) => readCapability(draft, "drop", value, origin),
  "security-opt": readSecurityOption,
  device: readDevice,
  help: (draft, _value, origin) => draft.problem(origin, "asks Docker for help and runs nothing"),
};

/** Every flag of `docker run` as Docker 28 has them (`docker run --help`), and the older `--net`. */
export const runFlags: ReadonlyMap<string, RunFlag> = new Map(
  [
    ...Object.entries(used),
    ...Object.entries(leftOut).flatMap(([topic, names]) =>
      names.split(" ").map((name): [string, FlagUse] => [name, topic as Topic]),
    ),
    ["net", readNetwork] as const,
    ["net-alias", "networkOptions"] as const,
  ].map(([name, use]) => [name, flagOf(name, use)]),
);

/** The flag with a one-letter name. */
export function flagByLetter(letter: string): RunFlag | undefined {
  return [...runFlags.values()].find(({ short }) => short === letter);
}

function diskLimit(rate: IoRateName): FlagUse {
  return (draft, value, origin) => readDiskLimit(draft, rate, value, origin);
}

function flagOf(name: string, use: FlagUse): RunFlag {
  const short = Object.hasOwn(shorts, name) ? shorts[name] : undefined;
  return { name, takesValue: !switches.includes(name), use, ...(short === undefined ? {} : { short }) };
}
