import type { Borrowing } from "./borrowing.ts";
import type { GoneDevice } from "./given-devices.ts";
import type { Strategy } from "./strategies.ts";

/** Who holds a device and how firmly. */
export interface Lease {
  readonly deviceUuid: string;
  readonly holder: LeaseHolder;
  /** Allocated: for running (or about to run) work; Held: stopped, kept until `until`; InUse: not ours. */
  readonly state: "Allocated" | "Held" | "InUse";
  /** When it begins, for what the queue has reserved for work that comes first; absent: it has begun. */
  readonly from?: number;
  /** When it is expected to end (milliseconds since the epoch), null when nobody knows. */
  readonly until: number | null;
  /** What ends it then: `maxRuntime`, `holdGpuAfterStop`; null when nobody knows. */
  readonly untilCause: string | null;
  /** What was given that is gone, for a device that has come into its place; absent otherwise. */
  readonly gone?: string;
}

export type LeaseHolder =
  | { readonly type: "object"; readonly uid: string; readonly namespace: string; readonly name: string }
  | {
      readonly type: "unmanaged";
      readonly containerName: string;
      readonly containerId: string;
      /** The person it belongs to, null when unknown, and what made it: `docker`, `compose llm`. */
      readonly owner: string | null;
      readonly origin: string;
    }
  | {
      readonly type: "process";
      readonly pid: number;
      readonly processName: string;
      readonly user: string | null;
      /** Set for a process of a container of ours that was not given this device. */
      readonly containerName: string | null;
    }
  | {
      /** Nobody yet: an admin keeps it for others at that time. */
      readonly type: "reservation";
      readonly name: string;
      /** `reservations/ml.yaml:7` */
      readonly place: string;
      /** Its window, for people. */
      readonly when: string;
    };

/** A managed container's grip on devices, as the ledger needs it. */
export interface ManagedClaim {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly deviceUuids: readonly string[];
  readonly state: "Allocated" | "Held";
  readonly until: number | null;
  readonly untilCause: string | null;
  /** Those of the devices that are not what was given any more, while a process may live on them; absent: none. */
  readonly gone?: readonly GoneDevice[];
  /** Ids of the containers of this uid, so that their processes are not taken for foreign ones. */
  readonly containerIds: readonly string[];
}

/** An unmanaged container (or one of another instance) that can see GPUs. */
export interface UnmanagedClaim {
  readonly containerName: string;
  readonly containerId: string;
  readonly owner: string | null;
  readonly origin: string;
  readonly all: boolean;
  /** Indices, `0:1`, or UUIDs as Docker was given them. */
  readonly ids: readonly string[];
}

/** What of a card an owner may have: the whole of it, and slices of these profiles (null: of any). */
export interface MigGrant {
  readonly full: boolean;
  readonly profiles: readonly string[] | null;
}

export type JoinWish = "preferred" | "required";

/** A request for devices, waiting or being looked at. */
export interface DeviceDemand {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
  readonly profile: string | null;
  /** What it asks for where that is no NVIDIA GPU. */
  readonly kind?: string;
  readonly minMemoryBytes: number | null;
  readonly models: readonly string[] | null;
  /** Set when slices will do as well as whole GPUs: which of them the owner's quota grants. */
  readonly migAllowed?: MigGrant;
  /** Set when time slices are asked for: by how many containers a GPU may be shared at most. */
  readonly sharers?: number;
  /** How to choose for this demand; absent: as for the host. */
  readonly strategy?: Strategy;
  /** Least compute capability such as `8.0`. */
  readonly minComputeCapability: string | null;
  /** How several devices should be joined; null: it does not matter. */
  readonly nvlink: JoinWish | null;
  readonly sameBoard: JoinWish | null;
  readonly priority: number;
  /** When it began to wait, for the order and for fairness (milliseconds since the epoch). */
  readonly submittedAt: number;
  /** Devices it had last, preferred when they are free. */
  readonly preferred: readonly string[];
  /** Devices that an object of its name held when it was removed, taken where no criterion tells a difference; absent: none. */
  readonly former?: readonly string[];
  /** True: it lost its container while it should have been running, so its devices come back before the queue. */
  readonly reclaims: boolean;
  /** False while its image is not there yet: it keeps its place but takes no device. */
  readonly ready: boolean;
  /** GPU-equivalents it may still take under its owner's quota; null is unlimited. */
  readonly quotaLeft: number | null;
  /** What that quota allows and where it stands, for people; null when it is unlimited. */
  readonly quotaText: string | null;
  /** Leave to take more than that while it is idle; absent: none. */
  readonly borrowing?: Borrowing;
  /** maxRuntime of the work once started, for the forecast; null is unlimited. */
  readonly maxRuntimeMs: number | null;
}
