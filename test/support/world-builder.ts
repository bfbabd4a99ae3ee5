import type { ContainerSpecSpec } from "../../src/api/container.ts";
import { ContainerSpecSpec as Schema } from "../../src/api/container.ts";
import type { OwnerAccount } from "../../src/core/account/owner-account.ts";
import { freshMemory } from "../../src/core/lifecycle/memory.ts";
import { resolveQuota } from "../../src/core/quota/resolve.ts";
import type { ContainerRecord, QuotaRecord } from "../../src/core/record.ts";
import type { Attachment, Device } from "../../src/core/schedule/device.ts";
import type { World } from "../../src/core/world.ts";

/** A moment that tests start from. */
/** The user that namespaces of tests belong to. */
export const alice: OwnerAccount = { name: "alice", uid: 1000, gid: 1000, home: "/home/alice", groups: [] };

export const startOfTest = Date.UTC(2026, 10, 23, 12, 0, 0);

/** A whole, healthy GPU. */
export function device(index: number, overrides: Partial<Device> = {}): Device {
  return {
    uuid: `GPU-${index}`,
    slot: String(index),
    index,
    model: "NVIDIA A100-SXM4-80GB",
    memoryBytes: 80 * 1024 ** 3,
    computeCapability: "8.0",
    profile: null,
    parentUuid: null,
    gpuEquivalents: 1,
    migEnabled: false,
    healthy: true,
    unhealthyReason: null,
    links: null,
    ...overrides,
  };
}

/** How the NVIDIA hook passes devices. */
export function hookAttachment(devices: readonly Device[]): Attachment {
  const uuids = devices.map(({ uuid }) => uuid);
  if (uuids.length === 0) {
    return {
      injection: "none",
      environment: { NVIDIA_VISIBLE_DEVICES: "void" },
      deviceRequests: [],
      runtime: null,
    };
  }
  return {
    injection: "hook",
    environment: { NVIDIA_VISIBLE_DEVICES: uuids.join(",") },
    deviceRequests: [{ driver: "nvidia", deviceIds: uuids, capabilities: [["gpu"]] }],
    runtime: null,
  };
}

/** A full spec from the few fields a test is about. */
export function spec(fields: Partial<Record<keyof ContainerSpecSpec, unknown>> = {}): ContainerSpecSpec {
  return Schema.parse({ ...(fields.build === undefined ? { image: "bed/base:1" } : {}), ...fields });
}

/** A record as ingest makes it. */
export function record(overrides: Partial<ContainerRecord> = {}): ContainerRecord {
  const namespace = overrides.namespace ?? "alice";
  const name = overrides.name ?? "train";
  return {
    kind: "ContainerSpec",
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
    generation: 1,
    resourceVersion: 1,
    createdAt: startOfTest,
    labels: {},
    annotations: {},
    source: { source: "specs", path: `users/${namespace}/${name}.yaml`, contentHash: "hash", positions: {} },
    rejection: null,
    deletion: null,
    pruneBlocked: null,
    spec: spec(),
    memory: freshMemory(startOfTest),
    status: {
      phase: "Pending",
      observedGeneration: 0,
      conditions: [],
      gpus: [],
      restarts: 0,
      source: { path: `users/${namespace}/${name}.yaml` },
    },
    ...overrides,
  };
}

/** A world in which nothing stands in the way. */
export function world(overrides: Partial<World> = {}, quotas: readonly QuotaRecord[] = []): World {
  const own = overrides.record ?? record();
  return {
    record: own,
    instance: "test",
    engineReady: true,
    sourceSynced: true,
    containers: [],
    nameTakenBy: null,
    image: { type: "present", id: "sha256:image" },
    imageReference: own.spec?.image ?? null,
    stopping: new Map(),
    owner: alice,
    portUses: [],
    quota: resolveQuota(own.namespace, [], quotas),
    aggregate: null,
    othersUsage: { containers: 0, gpuEquivalents: 0, holders: [] },
    hostPaths: new Map(),
    protectedPaths: [],
    borrowing: false,
    preemption: null,
    claim: null,
    schedule: null,
    devices: [device(0), device(1)],
    gpuStackReady: true,
    gpuAccess: { lost: [], policy: "notify" },
    attach: hookAttachment,
    ...overrides,
  };
}
