import type { ContainerCreateOptions } from "dockerode";
import type { RuntimeUpdate } from "../../ports/container-runtime.ts";
import type { AppliedLimits } from "../../core/lifecycle/memory.ts";
import type { DesiredContainer } from "../../core/plan/desired-container.ts";
import { allNodes } from "../../core/plan/drift.ts";
import type { DeviceRequest } from "../../core/schedule/device.ts";
import { translateProcess, translateProcessHost } from "./container-process.ts";
import { translateRates } from "./io-rates.ts";
import { translateMounts } from "./mounts.ts";
import type { ContainerSecurity, PassedDevice, PublishedPort } from "../../core/observed.ts";

/** What decides how the engine wants a container described. */
export interface EngineTraits {
  /** The engine's default log driver. */
  readonly loggingDriver: string;
}

/** The body of Docker's create call; the name is not part of it. The only place that knows this shape. */
export function translateContainer(
  container: DesiredContainer,
  engine: EngineTraits,
): ContainerCreateOptions {
  const { entrypoint, command, workingDir, user, ports } = container;
  return {
    Image: container.image,
    ...(entrypoint === null ? {} : { Entrypoint: [...entrypoint] }),
    ...(command === null ? {} : { Cmd: [...command] }),
    ...(workingDir === null ? {} : { WorkingDir: workingDir }),
    ...(user === null ? {} : { User: user }),
    ...translateProcess(container.process),
    Env: Object.entries({
      ...(container.home === null ? {} : { HOME: container.home }),
      ...container.environment,
    })
      .map(([name, value]) => `${name}=${value}`)
      .toSorted(),
    Labels: { ...container.labels },
    ...(ports.length === 0
      ? {}
      : { ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])) }),
    // So that `docker stop` by hand and a shutdown of the engine give the same grace.
    StopTimeout: Math.ceil(container.stopGraceMs / 1000),
    HostConfig: hostConfig(container, engine),
  };
}

/** The body of Docker's update call; limits that are null stay as they are. */
export function translateUpdate(change: RuntimeUpdate): Record<string, unknown> {
  return {
    ...(change.limits === null ? {} : limits(change.limits)),
    ...(change.restartPolicyNo ? { RestartPolicy: { Name: "no" } } : {}),
  };
}

function hostConfig(
  container: DesiredContainer,
  engine: EngineTraits,
): NonNullable<ContainerCreateOptions["HostConfig"]> {
  const { attachment, ports, shmSizeBytes } = container;
  const nodes = allNodes(container);
  return {
    NetworkMode: container.network,
    IpcMode: container.ipc,
    ...translateProcessHost(container.process),
    ...(container.groups.length === 0 ? {} : { GroupAdd: container.groups.map(String) }),
    ...rights(container.security),
    RestartPolicy: { Name: "no" },
    ...(container.cgroupParent === null ? {} : { CgroupParent: container.cgroupParent }),
    ...(container.ulimits.length === 0
      ? {}
      : {
          Ulimits: container.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
        }),
    ...limits(container),
    ...translateRates(container.ioRates),
    ...(shmSizeBytes === null ? {} : { ShmSize: shmSizeBytes }),
    Mounts: translateMounts(container),
    ...(ports.length === 0 ? {} : { PortBindings: portBindings(ports) }),
    ...(attachment.deviceRequests.length === 0
      ? {}
      : { DeviceRequests: attachment.deviceRequests.map((request) => deviceRequest(request)) }),
    ...(nodes.length === 0 ? {} : { Devices: nodes.map(passedNode) }),
    ...(attachment.runtime === null ? {} : { Runtime: attachment.runtime }),
    // Docker's own default never rotates and fills the disk; another driver is the admin's choice.
    ...(engine.loggingDriver === "json-file"
      ? { LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } } }
      : {}),
  };
}

function limits({
  cpus,
  memoryBytes,
  memorySwapBytes = memoryBytes,
  pidsLimit,
  ioWeight = null,
}: AppliedLimits): {
  NanoCpus?: number;
  Memory?: number;
  MemorySwap?: number;
  PidsLimit?: number;
  BlkioWeight?: number;
} {
  return {
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    // Memory and swap together: equal means that no swap is added, -1 that it is not limited.
    ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memorySwapBytes ?? -1 }),
    ...(pidsLimit === null ? {} : { PidsLimit: pidsLimit }),
    ...(ioWeight === null ? {} : { BlkioWeight: ioWeight }),
  };
}

function portBindings(
  ports: readonly PublishedPort[],
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = { HostIp: port.hostIp, HostPort: port.hostPort === null ? "" : String(port.hostPort) };
    (bindings[portKey(port)] ??= []).push(binding);
  }
  return bindings;
}

function portKey(port: PublishedPort): string {
  return `${port.containerPort}/${port.protocol}`;
}

function passedNode({ pathOnHost, pathInContainer, permissions }: PassedDevice): {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
} {
  return { PathOnHost: pathOnHost, PathInContainer: pathInContainer, CgroupPermissions: permissions };
}

/** Only what was asked for: all else is as Docker gives it to every container. */
function rights(security: ContainerSecurity): NonNullable<ContainerCreateOptions["HostConfig"]> {
  const { capabilitiesAdded, capabilitiesDropped, securityOptions } = security;
  return {
    ...(security.privileged ? { Privileged: true } : {}),
    ...(security.pid === "host" ? { PidMode: "host" } : {}),
    ...(capabilitiesAdded.length === 0 ? {} : { CapAdd: [...capabilitiesAdded] }),
    ...(capabilitiesDropped.length === 0 ? {} : { CapDrop: [...capabilitiesDropped] }),
    ...(securityOptions.length === 0 ? {} : { SecurityOpt: [...securityOptions] }),
    ...(security.readOnlyRootFilesystem ? { ReadonlyRootfs: true } : {}),
  };
}

function deviceRequest(request: DeviceRequest): {
  Driver: string;
  DeviceIDs: string[];
  Capabilities: string[][];
} {
  return {
    Driver: request.driver,
    DeviceIDs: [...request.deviceIds],
    Capabilities: request.capabilities.map((set) => [...set]),
  };
}
