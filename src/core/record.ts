import type { ContainerSpecSpec, ContainerStatus } from "../api/container.ts";
import type { ManagedFieldsEntry } from "../api/managed-fields.ts";
import type { Kind } from "../api/names.ts";
import type { Position, Problem } from "../api/problem.ts";
import type { QuotaSpecSpec, QuotaStatus } from "../api/quota.ts";
import type { ReservationSpecSpec, ReservationStatus } from "../api/reservation.ts";
import type { SweepElement } from "../api/sweep.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";

/** Where an object's text stands. `path` is relative to the specs root, as people know it. */
export interface SourceReference {
  /** Name of the source (`specs` for the directory of the configuration). */
  readonly source: string;
  readonly path: string;
  readonly revision?: string;
  /** SHA-256 of the text this object was made from. */
  readonly contentHash: string;
  /** Field path -> where its value stands, so that messages can name `quotas/students.yaml:7`. */
  readonly positions: Readonly<Record<string, Position>>;
  /** Which container of a sweep the object is; absent: it is none. */
  readonly element?: SweepElement;
}

/** Why the text that stands in the source now is not in effect (the last good one is, if there was one). */
export interface Rejection {
  /** SpecInvalid, SpecUnreadable, IdentityConflict, OwnerMismatch, NamespaceMismatch, ... */
  readonly reason: string;
  readonly message: string;
  readonly path: string;
  readonly problems: readonly Problem[];
}

/** What is the same for every kind of stored object. All times are milliseconds since the epoch. */
export interface RecordBase {
  readonly kind: Kind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** Set by the store at each change; grows over all objects. */
  readonly resourceVersion: number;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Who has written which fields through the API; absent: nobody yet, the file alone speaks. */
  readonly managedFields?: readonly ManagedFieldsEntry[];
  /** What kubectl applied last, which it wants to find among the annotations, and nobody in their file. */
  readonly lastApplied?: string;
  readonly source: SourceReference;
  readonly rejection: Rejection | null;
  /** Set once the prune guard has let the deletion through; from then on it is final. */
  readonly deletion: Deletion | null;
  /** Set while the file is gone but the object is kept: by the guard, or because its job is to finish. */
  readonly pruneBlocked: {
    readonly reason: string;
    readonly message: string;
    /** Why it goes as soon as it may; absent: that is not decided. */
    readonly cause?: string;
  } | null;
}

export interface Deletion {
  readonly requestedAt: number;
  /** Who or what asked: for events. */
  readonly cause: string;
}

/** A declared container: last good spec, what cannot be observed, and the last status. */
export interface ContainerRecord extends RecordBase {
  readonly kind: "ContainerSpec";
  /** Last good spec; null when no version of the file ever parsed. */
  readonly spec: ContainerSpecSpec | null;
  readonly memory: LifecycleMemory;
  readonly status: ContainerStatus;
}

/** A declared quota. */
export interface QuotaRecord extends RecordBase {
  readonly kind: "QuotaSpec";
  readonly spec: QuotaSpecSpec | null;
  readonly status: QuotaStatus;
}

/** A declared reservation. */
export interface ReservationRecord extends RecordBase {
  readonly kind: "ReservationSpec";
  readonly spec: ReservationSpecSpec | null;
  readonly status: ReservationStatus;
}

export type StoredRecord = ContainerRecord | QuotaRecord | ReservationRecord;
export type RecordOf<K extends StoredRecord["kind"]> = Extract<StoredRecord, { kind: K }>;
