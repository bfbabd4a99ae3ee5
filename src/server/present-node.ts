import type { ApiObject } from "../api/meta.ts";
import { formatTime } from "../core/format-time.ts";
import type { GpuRecord, HealthCheck } from "../ports/control-plane.ts";
import { failedChecks } from "./failed-checks.ts";
import type { HostFacts } from "./host-facts.ts";

/** What a Node is made of. */
export interface NodeParts {
  readonly host: HostFacts;
  readonly gpus: readonly GpuRecord[];
  readonly health: readonly HealthCheck[];
  readonly version: string;
  /** Since when it has been shown, in milliseconds since the epoch. */
  readonly since: number;
  /** Since when all that ds01 needs has been there, or not. */
  readonly readySince: number;
}

/** This machine as a core/v1 Node: its capacity with its GPUs, and whether all that ds01 needs is there. */
export function presentNode({ host, gpus, health, version, since, readySince }: NodeParts): ApiObject {
  const capacity = {
    cpu: String(host.cpus),
    memory: `${Math.floor(host.memoryBytes / 1024)}Ki`,
    ...devicesOf(gpus),
  };
  const failed = failedChecks(health);
  const ready = {
    type: "Ready",
    status: failed.length === 0 ? "True" : "False",
    reason: failed[0]?.name ?? "AllReady",
    message: failed.map(({ name, message }) => `${name}: ${message}`).join("; "),
    lastTransitionTime: formatTime(readySince),
    lastHeartbeatTime: formatTime(readySince),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: host.name,
      uid: `node-${host.name}`,
      resourceVersion: "0",
      creationTimestamp: formatTime(since),
      labels: {
        "kubernetes.io/hostname": host.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture(),
      },
    },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [ready],
      addresses: [{ type: "Hostname", address: host.name }],
      nodeInfo: {
        machineID: "",
        systemUUID: "",
        bootID: "",
        kernelVersion: "",
        osImage: "",
        containerRuntimeVersion: "docker://",
        kubeletVersion: `ds01-${version}`,
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: architecture(),
      },
    },
  };
}

function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** Whole GPUs and each profile of slices, under the names of NVIDIA's device plugin. */
function devicesOf(gpus: readonly GpuRecord[]): Readonly<Record<string, string>> {
  const cut = new Set(gpus.flatMap(({ spec }) => spec.parent ?? []));
  const counts = new Map<string, number>();
  for (const { spec } of gpus) {
    // What is cut or shared is counted by its parts.
    if (cut.has(spec.uuid)) continue;
    const name = spec.profile === undefined ? "nvidia.com/gpu" : `nvidia.com/mig-${spec.profile}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].map(([name, count]) => [name, String(count)]));
}
