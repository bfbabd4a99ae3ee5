import { observedProcess } from "./container-process.ts";
import type {
  EngineState,
  ObservedConfiguration,
  ObservedContainer,
  PublishedPort,
} from "../../core/observed.ts";
import { Ds01Error } from "../../util/errors.ts";
import { gpuClaims } from "./gpu-claims.ts";
import { observedRates } from "./io-rates.ts";
import { observedMounts } from "./mounts.ts";
import { observedSecurity } from "./observed-security.ts";
import type { ListedContainer } from "../../ports/container-runtime.ts";
import type { InspectHostConfig, InspectJson, InspectPortBinding, ListJson } from "./inspect-json.ts";

const engineStates: readonly EngineState[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

/** Docker's word for a state; any other word is an error, never a guess. */
function engineState(word: string): EngineState {
  const state = engineStates.find((known) => known === word);
  if (state !== undefined) return state;
  throw new Ds01Error({
    reason: "EngineFault",
    message: `the engine says that a container is "${word}"; known are ${engineStates.join(", ")}`,
  });
}

/** Reads one row of Docker's list answer. */
export function listedContainer(json: ListJson): ListedContainer {
  // Links give a container more names, below those of others: /web/db.
  const name = (json.Names ?? []).find((candidate) => candidate.lastIndexOf("/") <= 0) ?? "";
  return {
    id: json.Id,
    name: name.replace(/^\//, ""),
    state: engineState(json.State),
    statusText: json.Status,
    labels: json.Labels ?? {},
  };
}

/** Reads Docker's inspect answer; `lingering` is false, for the caller to look into. */
export function observeContainer(json: InspectJson, defaultRuntime: string): ObservedContainer {
  const { State: state, Config: config, HostConfig: host } = json;
  const status = engineState(state.Status);
  const ended = status === "exited" || status === "dead";
  const environment = environmentOf(config.Env ?? []);
  return {
    id: json.Id,
    name: json.Name.replace(/^\//, ""),
    state: status,
    labels: config.Labels ?? {},
    createdAt: instant(json.Created) ?? 0,
    startedAt: instant(state.StartedAt),
    finishedAt: instant(state.FinishedAt),
    exitCode: ended ? state.ExitCode : null,
    oomKilled: state.OOMKilled,
    error: state.Error,
    health: healthOf(state.Health?.Status),
    pid: state.Pid > 0 ? state.Pid : null,
    lingering: false,
    config: configurationOf(json, environment),
    gpuClaims: gpuClaims(host, environment, defaultRuntime),
  };
}

function configurationOf(
  json: InspectJson,
  environment: Readonly<Record<string, string>>,
): ObservedConfiguration {
  const { Config: config, HostConfig: host } = json;
  return {
    image: config.Image,
    imageId: json.Image,
    entrypoint: words(config.Entrypoint),
    command: words(config.Cmd),
    workingDir: config.WorkingDir ?? "",
    environment,
    user: config.User ?? "",
    mounts: observedMounts(json),
    ports: publishedPorts(host),
    network: host.NetworkMode === undefined || host.NetworkMode === "default" ? "bridge" : host.NetworkMode,
    ipc: host.IpcMode === undefined || host.IpcMode === "" ? "private" : host.IpcMode,
    process: observedProcess(json),
    security: observedSecurity(host),
    restartPolicy: host.RestartPolicy?.Name || "no",
    ulimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    cgroupParent: host.CgroupParent ?? "",
    cpus: cpusOf(host),
    memoryBytes: limit(host.Memory),
    memorySwapBytes: limit(host.MemorySwap),
    shmSizeBytes: limit(host.ShmSize),
    pidsLimit: limit(host.PidsLimit),
    ioWeight: limit(host.BlkioWeight),
    ioRates: observedRates(host),
  };
}

/** Milliseconds since the epoch; null for Docker's "never", the year 1. */
function instant(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? null : time;
}

function environmentOf(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function healthOf(status: string | undefined): ObservedContainer["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : null;
}

function words(value: readonly string[] | string | null | undefined): readonly string[] {
  if (value === null || value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** As they were asked for, also while nothing is bound; ordered, for Docker keeps them in a map. */
function publishedPorts(host: InspectHostConfig): PublishedPort[] {
  return Object.entries(host.PortBindings ?? {})
    .flatMap(([key, bindings]) => (bindings ?? []).map((binding) => publishedPort(key, binding)))
    .toSorted(
      (left, right) =>
        left.containerPort - right.containerPort ||
        compare(left.protocol, right.protocol) ||
        compare(left.hostIp, right.hostIp) ||
        (left.hostPort ?? 0) - (right.hostPort ?? 0),
    );
}

function publishedPort(key: string, binding: InspectPortBinding): PublishedPort {
  const [port, protocol] = key.split("/");
  const hostPort = Number(binding.HostPort ?? "");
  return {
    containerPort: Number(port),
    hostPort: hostPort > 0 ? hostPort : null,
    hostIp: binding.HostIp ?? "",
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

function cpusOf(host: InspectHostConfig): number | null {
  const nanoCpus = limit(host.NanoCpus);
  if (nanoCpus !== null) return nanoCpus / 1e9;
  const quota = limit(host.CpuQuota);
  return quota === null ? null : quota / (limit(host.CpuPeriod) ?? 100_000);
}

/** Docker writes 0, -1 or nothing for "no limit". */
function limit(value: number | null | undefined): number | null {
  return value === null || value === undefined || value <= 0 ? null : value;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
