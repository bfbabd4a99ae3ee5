import type { BlockIo } from "../../api/block-io.ts";
import type { ContainerSpecSpec, Resources } from "../../api/container.ts";

/**
 * What a change of a field means for a container that exists: `in-place` updates it (never one whose GPUs come
 * from the NVIDIA hook: an update strips them), `recreate` needs a new container, `devices` needs a new one only
 * if the devices it holds no longer fit, `controller-only` changes nothing in Docker.
 */
export type FieldPolicy = "in-place" | "recreate" | "devices" | "controller-only" | "mixed";

/** Policy of every field; a field without a row does not compile. */
export const fieldPolicy = {
  desiredState: "controller-only",
  image: "recreate",
  build: "recreate",
  imageAliases: "controller-only",
  imagePullPolicy: "controller-only",
  command: "recreate",
  args: "recreate",
  workingDir: "recreate",
  tty: "recreate",
  stdin: "recreate",
  init: "recreate",
  stopSignal: "recreate",
  healthCheck: "recreate",
  hostname: "recreate",
  hostAliases: "recreate",
  env: "recreate",
  envFrom: "recreate",
  user: "recreate",
  resources: "mixed",
  gpus: "devices",
  accelerators: "devices",
  volumes: "recreate",
  copy: "recreate",
  secrets: "recreate",
  presets: "recreate",
  ports: "recreate",
  network: "recreate",
  ipc: "recreate",
  pid: "recreate",
  securityContext: "recreate",
  devices: "recreate",
  restartPolicy: "controller-only",
  backoffLimit: "controller-only",
  replicas: "controller-only",
  parallelism: "controller-only",
  after: "controller-only",
  stopGracePeriod: "controller-only",
  lifecycle: "controller-only",
  priority: "controller-only",
  preemptible: "controller-only",
} as const satisfies Record<keyof ContainerSpecSpec, FieldPolicy>;

/** Policy of the parts of `resources`. */
export const resourcePolicy = {
  cpus: "in-place",
  memory: "in-place",
  memorySwap: "in-place",
  shmSize: "recreate",
  pidsLimit: "in-place",
  ulimits: "recreate",
  io: "mixed",
} as const satisfies Record<keyof Resources, FieldPolicy>;

/** Policy of the parts of `resources.io`. */
export const ioPolicy = {
  weight: "in-place",
  devices: "recreate",
} as const satisfies Record<keyof BlockIo, FieldPolicy>;
