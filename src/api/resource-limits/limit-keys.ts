import type { Topic } from "./topics.ts";
import type { Target } from "./setting.ts";
import {
  readContainers,
  readCpuQuota,
  readCpus,
  readDockerBytes,
  readDuration,
  readGpus,
  readHours,
  readIpcMode,
  readMemorySwap,
  readPriority,
  readProcesses,
  readSwitch,
  readSystemdBytes,
} from "./values.ts";
import type { Reading } from "./values.ts";

/** How a key of the scripts is read, and what it becomes. */
export interface LimitKey {
  readonly key: string;
  readonly target: Target;
  readonly read: (value: unknown) => Reading;
  /** `instances` are counted by MIG slices, `devices` by whatever device it is. */
  readonly unit?: "instances" | "devices";
}

/** Keys of `defaults`, of a group or of an override; of several names of one limit the first that is there counts. */
export const limitKeys: readonly LimitKey[] = [
  { key: "priority", target: "priority", read: readPriority },
  { key: "max_containers_per_user", target: "maxContainers", read: readContainers },
  { key: "max_gpu_equivalents", target: "gpus.nominal", read: readGpus },
  { key: "max_gpu_slots", target: "gpus.nominal", read: readGpus, unit: "instances" },
  { key: "max_gpus_per_user", target: "gpus.nominal", read: readGpus },
  { key: "max_mig_instances", target: "gpus.nominal", read: readGpus, unit: "instances" },
  { key: "max_gpu_slots_per_container", target: "gpus.maxPerContainer", read: readGpus, unit: "devices" },
  { key: "max_gpus_per_container", target: "gpus.maxPerContainer", read: readGpus, unit: "devices" },
  { key: "max_mig_per_container", target: "gpus.maxPerContainer", read: readGpus, unit: "instances" },
  { key: "allow_full_gpu", target: "gpus.allowFullGpu", read: readSwitch },
  { key: "max_cpus", target: "perContainer.max.cpus", read: readCpus },
  { key: "cpus", target: "perContainer.max.cpus", read: readCpus },
  { key: "memory", target: "perContainer.max.memory", read: readDockerBytes },
  { key: "memory_swap", target: "perContainer.max.memorySwap", read: readMemorySwap },
  { key: "shm_size", target: "perContainer.max.shmSize", read: readDockerBytes },
  { key: "pids_limit", target: "perContainer.max.pidsLimit", read: readProcesses },
  { key: "max_runtime_h", target: "lifecycle.maxRuntime", read: readHours },
  { key: "max_runtime", target: "lifecycle.maxRuntime", read: readDuration },
  { key: "idle_timeout_h", target: "lifecycle.idleTimeout", read: readHours },
  { key: "idle_timeout", target: "lifecycle.idleTimeout", read: readDuration },
  { key: "gpu_hold_after_stop_h", target: "lifecycle.holdGpuAfterStop", read: readHours },
  { key: "gpu_hold_after_stop", target: "lifecycle.holdGpuAfterStop", read: readDuration },
  { key: "container_hold_after_stop_h", target: "lifecycle.removeAfterStop", read: readHours },
  { key: "container_hold_after_stop", target: "lifecycle.removeAfterStop", read: readDuration },
  { key: "ipc_mode", target: "policy.hostIPC", read: readIpcMode },
];

/** Keys of `aggregate`, what the systemd slice of a user had; `gpu_limit` is a second bound of the GPUs. */
export const aggregateKeys: readonly LimitKey[] = [
  { key: "cpu_quota", target: "aggregate.cpus", read: readCpuQuota },
  { key: "memory_max", target: "aggregate.memory", read: readSystemdBytes },
  { key: "tasks_max", target: "aggregate.pids", read: readProcesses },
];

/** Fields that later versions of ds01 have, and what is said where this one does not: no more is needed for them. */
export const fieldsToCome: Readonly<Partial<Record<Target, Topic>>> = {
  "aggregate.cpus": "noAggregate",
  "aggregate.memory": "noAggregate",
  "aggregate.pids": "noAggregate",
};

/** What the scripts took where the file said nothing. */
export const scriptDefaults: readonly (readonly [Target, string | number | boolean])[] = [
  ["maxContainers", 3],
  ["gpus.nominal", 1],
  ["gpus.maxPerContainer", 1],
  ["gpus.allowFullGpu", false],
  ["perContainer.max.cpus", 16],
  ["perContainer.max.memory", "32Gi"],
  ["perContainer.max.shmSize", "16Gi"],
  ["perContainer.max.pidsLimit", 4096],
];
