import { parseBytes, parseCpus } from "../../util/quantity.ts";
import type { BlockIo, IoRateName } from "../block-io.ts";
import type { SecurityContext } from "../container-security.ts";
import type { HealthCheck } from "../health-check.ts";
import type { Port, Resources } from "../container.ts";
import type { Volume } from "../volume.ts";
import { dockerMemorySwap, dockerSize, goTime, ulimitAmount, wholeSeconds } from "./docker-text.ts";
import { dockerEnvFiles } from "./env-files.ts";
import { dockerGpus, exportedImage } from "./exported-container.ts";
import type { ExportedContainer } from "./exported-container.ts";
import { deviceText, hostLines, securityWords } from "./run-options.ts";

type Fields = Readonly<Record<string, unknown>>;

const pulls = { Always: "always", IfNotPresent: "missing", Never: "never" } as const;
const restarts = { Always: "always", OnFailure: "on-failure", Never: "no" } as const;

/** Networks that Compose calls by a mode. */
const modes: readonly string[] = ["bridge", "host", "none"];

/** A container as a service of a compose file; fields that say nothing are undefined or empty. */
export function composeService(container: ExportedContainer): Fields {
  const { spec, name, labels } = container;
  const { network } = spec;
  return {
    image: exportedImage(container),
    container_name: name,
    pull_policy: pulls[spec.imagePullPolicy],
    labels,
    entrypoint: spec.command,
    command: spec.args,
    working_dir: spec.workingDir,
    tty: spec.tty === true ? true : undefined,
    stdin_open: spec.stdin === true ? true : undefined,
    init: spec.init === true ? true : undefined,
    stop_signal: spec.stopSignal,
    healthcheck: healthFields(spec.healthCheck),
    hostname: spec.hostname,
    extra_hosts: hostLines(spec),
    user: composeUser(container),
    // Without the format Compose would take quotes away and put variables in.
    env_file: dockerEnvFiles(spec).map((path) => ({ path, format: "raw" })),
    environment: Object.fromEntries((spec.env ?? []).map((variable) => [variable.name, variable.value])),
    ...resourceFields(spec.resources ?? {}),
    volumes: (spec.volumes ?? []).map(volumeFields),
    ports: (spec.ports ?? []).map(portFields),
    ...(modes.includes(network) ? { network_mode: network } : { networks: [network] }),
    ipc: spec.ipc === "host" ? "host" : undefined,
    pid: spec.pid === "host" ? "host" : undefined,
    ...rightFields(spec.securityContext ?? {}),
    devices: (spec.devices ?? []).map(deviceText),
    restart: restarts[spec.restartPolicy],
    stop_grace_period: `${wholeSeconds(spec.stopGracePeriod)}s`,
    ...gpuFields(container),
  };
}

function healthFields(check: HealthCheck | undefined): Fields | undefined {
  if (check === undefined) return undefined;
  if (check.disabled === true) return { disable: true };
  return {
    test: check.command === undefined ? undefined : ["CMD", ...check.command],
    interval: goTime(check.interval),
    timeout: goTime(check.timeout),
    start_period: goTime(check.startPeriod),
    retries: check.retries,
  };
}

function rightFields(rights: SecurityContext): Fields {
  return {
    privileged: rights.privileged === true ? true : undefined,
    cap_add: rights.capabilities?.add,
    cap_drop: rights.capabilities?.drop,
    security_opt: securityWords(rights, rights.allowPrivilegeEscalation),
    read_only: rights.readOnlyRootFilesystem === true ? true : undefined,
  };
}

/** The network of a service that must exist beforehand, or undefined. */
export function externalNetwork({ spec }: ExportedContainer): string | undefined {
  return modes.includes(spec.network) ? undefined : spec.network;
}

/** Compose runs no commands: who the owner is it can only be told. */
function composeUser({ spec, namespace }: ExportedContainer): unknown {
  if (spec.user === "image") return undefined;
  if (spec.user !== "owner") return spec.user;
  const say = `set it to the uid of ${namespace} and the gid, as in OWNER=$$(id -u ${namespace}):$$(id -g ${namespace})`;
  return new ComposeText(`\${OWNER:?${say}}`);
}

/** A text whose variables Compose is to put in. */
export class ComposeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function gpuFields(container: ExportedContainer): Fields {
  const gpus = dockerGpus(container);
  if (gpus === 0) return {};
  const which = typeof gpus === "number" ? { count: gpus } : { device_ids: gpus };
  const devices = [{ driver: "nvidia", ...which, capabilities: ["gpu"] }];
  return { deploy: { resources: { reservations: { devices } } } };
}

function resourceFields(resources: Resources): Fields {
  const { cpus, memory, memorySwap, shmSize, pidsLimit, ulimits = [], io = {} } = resources;
  return {
    cpus: cpus === undefined ? undefined : parseCpus(cpus),
    mem_limit: memory === undefined ? undefined : dockerSize(memory),
    memswap_limit: memory === undefined ? undefined : dockerMemorySwap(memory, memorySwap),
    shm_size: shmSize === undefined ? undefined : dockerSize(shmSize),
    pids_limit: pidsLimit,
    ulimits: Object.fromEntries(
      ulimits.map(({ name, soft, hard }) => [name, { soft: ulimitAmount(soft), hard: ulimitAmount(hard) }]),
    ),
    blkio_config: diskFields(io),
  };
}

const rateKeys: readonly (readonly [IoRateName, string])[] = [
  ["readBytesPerSecond", "device_read_bps"],
  ["writeBytesPerSecond", "device_write_bps"],
  ["readOperationsPerSecond", "device_read_iops"],
  ["writeOperationsPerSecond", "device_write_iops"],
];

function diskFields({ weight, devices = [] }: BlockIo): Fields {
  const rates = rateKeys.map(([rate, key]) => {
    const limited = devices.flatMap(({ path, [rate]: amount }) =>
      amount === undefined ? [] : [{ path, rate: typeof amount === "number" ? amount : parseBytes(amount) }],
    );
    return [key, limited.length === 0 ? undefined : limited] as const;
  });
  return { weight, ...Object.fromEntries(rates) };
}

/** What is missing on the host is an error, as with ds01. */
function volumeFields({ hostPath, namedVolume, tmpfs, mountPath, readOnly }: Volume): Fields {
  const place = { target: mountPath, ...(readOnly ? { read_only: true } : {}) };
  if (namedVolume !== undefined) return { type: "volume", source: namedVolume.name, ...place };
  if (tmpfs === undefined) {
    return { type: "bind", source: hostPath?.path, ...place, bind: { create_host_path: false } };
  }
  const { sizeLimit, mode } = tmpfs;
  const limits = {
    ...(sizeLimit === undefined ? {} : { size: parseBytes(sizeLimit) }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
  return { type: "tmpfs", ...place, ...(Object.keys(limits).length === 0 ? {} : { tmpfs: limits }) };
}

function portFields({ containerPort, hostPort, hostIP, protocol }: Port): Fields {
  return {
    target: containerPort,
    ...(hostPort === undefined ? {} : { published: String(hostPort) }),
    host_ip: hostIP,
    protocol: protocol.toLowerCase(),
  };
}
