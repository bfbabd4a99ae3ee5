import type { SpecIdentity } from "../api/identity.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import { shownSource } from "../core/file-status.ts";
import { freshMemory } from "../core/lifecycle/memory.ts";
import type {
  ContainerRecord,
  QuotaRecord,
  ReservationRecord,
  SourceReference,
  StoredRecord,
} from "../core/record.ts";
import type { IndexedFile } from "./spec-index.ts";

/** A record for an object that was not known before; generation 0 means that no spec was ever accepted. */
export function newRecord(
  identity: SpecIdentity,
  source: SourceReference,
  uid: string,
  now: number,
): StoredRecord {
  const base = {
    namespace: identity.namespace,
    name: identity.name,
    uid,
    generation: 0,
    resourceVersion: 0,
    createdAt: now,
    labels: {},
    annotations: {},
    source,
    rejection: null,
    deletion: null,
    pruneBlocked: null,
    spec: null,
  };
  if (identity.kind === "QuotaSpec") {
    const quota: QuotaRecord = {
      ...base,
      kind: "QuotaSpec",
      status: { observedGeneration: 0, conditions: [], users: [], source: shownSource(base) },
    };
    return quota;
  }
  if (identity.kind === "ReservationSpec") {
    const reservation: ReservationRecord = {
      ...base,
      kind: "ReservationSpec",
      status: {
        observedGeneration: 0,
        state: "Coming",
        windows: [],
        devices: [],
        atRisk: [],
        conditions: [],
        source: shownSource(base),
      },
    };
    return reservation;
  }
  const container: ContainerRecord = {
    ...base,
    kind: "ContainerSpec",
    memory: freshMemory(now),
    status: {
      phase: "Pending",
      observedGeneration: 0,
      conditions: [],
      gpus: [],
      restarts: 0,
      source: shownSource(base),
    },
  };
  return container;
}

/** Where a document stands. */
export function sourceReference(document: ParsedDocument, file: IndexedFile): SourceReference {
  return {
    source: file.source,
    path: file.path,
    contentHash: file.contentHash,
    positions: document.positions,
    ...(file.revision === undefined ? {} : { revision: file.revision }),
    ...(document.element === undefined ? {} : { element: document.element }),
  };
}
