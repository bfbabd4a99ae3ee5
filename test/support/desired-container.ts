import { plainProcess } from "../../src/core/plan/container-process.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { plainSecurity } from "../../src/core/plan/container-security.ts";
import type { Attachment } from "../../src/core/schedule/device.ts";

/** A container of the bed's plain image without anything special, changed by what is given. */
export function desiredContainer(name: string, fields: Partial<DesiredContainer> = {}): DesiredContainer {
  return {
    name,
    image: "bed/base:1",
    entrypoint: null,
    command: null,
    workingDir: null,
    environment: {},
    user: null,
    groups: [],
    home: null,
    mounts: [],
    volumes: [],
    ports: [],
    network: "bridge",
    ipc: "private",
    process: plainProcess,
    security: plainSecurity,
    cpus: null,
    memoryBytes: null,
    memorySwapBytes: fields.memoryBytes ?? null,
    shmSizeBytes: null,
    pidsLimit: null,
    ioWeight: null,
    ioRates: [],
    ulimits: [],
    cgroupParent: null,
    stopGraceMs: 1_000,
    attachment: { injection: "none", environment: {}, deviceRequests: [], runtime: null },
    labels: {},
    ...fields,
  };
}

/** How the NVIDIA hook passes these devices. */
export function gpuAttachment(...deviceIds: string[]): Attachment {
  return {
    injection: "hook",
    environment: {},
    deviceRequests: [{ driver: "nvidia", deviceIds, capabilities: [["gpu"]] }],
    runtime: null,
  };
}
