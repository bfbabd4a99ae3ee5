import type { Topic } from "./topics.ts";

type TopicTable = Readonly<Record<string, Topic>>;

/** Keys of `defaults`, of a group or of an override that become nothing. */
export const limitKeysLeftOut: TopicTable = {
  max_tasks: "tasks",
  gpu_memory: "gpuMemory",
  io_read_bps: "throughput",
  io_write_bps: "throughput",
  ulimit_nofile: "ulimits",
  storage_workspace: "storage",
  storage_data: "storage",
  storage_tmp: "temporaryStorage",
  reserved_gpus: "reservation",
  reservation_start: "reservation",
  reservation_end: "reservation",
  expires: "bookkeeping",
  expires_on: "bookkeeping",
  approved_by: "bookkeeping",
  approved_on: "bookkeeping",
};

/** Keys of `aggregate` that become nothing. */
export const aggregateKeysLeftOut: TopicTable = { memory_high: "softMemory" };

/** Keys of `policies`, at the top and in groups; `grace_period` is the older name of `grace_period_m`. */
export const policyKeys: TopicTable = {
  high_demand_threshold: "idleDetection",
  high_demand_idle_reduction: "idleDetection",
  gpu_idle_threshold: "idleDetection",
  cpu_idle_threshold: "idleDetection",
  network_idle_threshold: "idleDetection",
  idle_detection_window: "idleDetection",
  grace_period_m: "idleDetection",
  grace_period: "idleDetection",
  auto_stop_idle: "idleSwitch",
  checkpoint_warning: "idleSwitch",
  keepalive_max_duration_h: "keepAlive",
  keepalive_max_duration: "keepAlive",
  sigterm_grace_s: "stopGrace",
  sigterm_grace_seconds: "stopGrace",
  gpu_hold_after_manual_stop_m: "manualStop",
  gpu_hold_after_manual_stop: "manualStop",
  created_container_timeout_m: "created",
  created_container_timeout: "created",
  require_workspace_mount: "unused",
  enforce_storage_quotas: "storage",
  soft_limit_threshold: "unused",
  graceful_errors: "unused",
  suggest_alternatives: "unused",
};

/** Keys of `gpu_allocation` that become nothing. */
export const allocationKeys: TopicTable = {
  strategy: "strategy",
  allocation_method: "strategy",
  enable_mig: "mig",
  mig_strategy: "mig",
  mig_profile: "mig",
  mig_gpus: "mig",
  respect_reservations: "reservation",
};

/** Types of containers that the scripts told apart; whatever else stands in `container_types` is told of as `unknown` is. */
export const containerTypes: TopicTable = {
  devcontainer: "devcontainer",
  compose: "compose",
  docker: "docker",
  api: "api",
};

/** Sections at the top of which every key is left out for one reason. */
export const wholeSections: TopicTable = {
  monitoring: "monitoring",
  bare_metal_access: "bareMetal",
  access_control: "accessControl",
  advanced: "unused",
  wizard: "unused",
};

/** Everything that may stand at the top of the file. */
export const topLevelKeys: readonly string[] = [
  "defaults",
  "default_group",
  "enforcement",
  "groups",
  "user_overrides",
  "gpu_allocation",
  "policies",
  "container_types",
  ...Object.keys(wholeSections),
];
