import type { ContainerStatus } from "../../src/api/container.ts";
import { freshMemory } from "../../src/core/lifecycle/memory.ts";
import type { ContainerRecord, QuotaRecord, ReservationRecord } from "../../src/core/record.ts";

const base = {
  uid: "0b7f8f0e-7f1c-4c5b-9d3e-1f2a3b4c5d6e",
  generation: 1,
  resourceVersion: 0,
  createdAt: 1_767_600_000_000,
  labels: {},
  annotations: {},
  rejection: null,
  deletion: null,
  pruneBlocked: null,
} as const;

/** A declared container as admission would make it; `changes` replace whole members. */
export function containerRecord(
  namespace: string,
  name: string,
  changes: Partial<ContainerRecord> = {},
): ContainerRecord {
  const path = `users/${namespace}/${name}.yaml`;
  const status: ContainerStatus = {
    phase: "Pending",
    observedGeneration: 1,
    conditions: [],
    gpus: [],
    restarts: 0,
    source: { path },
  };
  return {
    ...base,
    uid: `uid-of-${namespace}-${name}`,
    kind: "ContainerSpec",
    namespace,
    name,
    source: { source: "specs", path, contentHash: "0", positions: {} },
    spec: null,
    memory: freshMemory(base.createdAt),
    status,
    ...changes,
  };
}

/** A declared quota as admission would make it; `changes` replace whole members. */
export function quotaRecord(name: string, changes: Partial<QuotaRecord> = {}): QuotaRecord {
  const path = `quotas/${name}.yaml`;
  return {
    ...base,
    kind: "QuotaSpec",
    namespace: "",
    name,
    source: { source: "specs", path, contentHash: "0", positions: {} },
    spec: null,
    status: { observedGeneration: 1, conditions: [], users: [], source: { path } },
    ...changes,
  };
}

/** A declared reservation as admission would make it; `changes` replace whole members. */
export function reservationRecord(name: string, changes: Partial<ReservationRecord> = {}): ReservationRecord {
  const path = `reservations/${name}.yaml`;
  return {
    ...base,
    kind: "ReservationSpec",
    namespace: "",
    name,
    source: { source: "specs", path, contentHash: "0", positions: {} },
    spec: null,
    status: {
      observedGeneration: 1,
      state: "Coming",
      windows: [],
      devices: [],
      atRisk: [],
      conditions: [],
      source: { path },
    },
    ...changes,
  };
}
