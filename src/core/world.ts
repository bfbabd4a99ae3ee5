import type { OwnerAccount } from "./account/owner-account.ts";
import type { DriverFacts } from "./cuda-fit.ts";
import type { GivenFileProblem } from "./given-files/given-file.ts";
import type { ClockReading } from "./container-clock.ts";
import type { ContainerRecord } from "./record.ts";
import type { EmergencyStop } from "./emergency-stop.ts";
import type { StopOverride } from "./stop-override.ts";
import type { GpuAccess } from "./gpu-access.ts";
import type { StartGate } from "./jobs/start-gate.ts";
import type { IdleFacts } from "./idle/idle-verdict.ts";
import type { ReservedDevices } from "./health/relocation.ts";
import type { ObservedContainer } from "./observed.ts";
import type { VolumeSettings } from "./presets/preset.ts";
import type { BlockedBooking } from "./reservation/blocked-bookings.ts";
import type { AggregateState } from "./quota/aggregate-state.ts";
import type { PortUse } from "./quota/port-conflict.ts";
import type { ResolvedQuota, UserUsage } from "./quota/limits.ts";
import type { Attachment, Device } from "./schedule/device.ts";
import type { Injection } from "./schedule/injection.ts";
import type { PreemptionNotice } from "./lifecycle/memory.ts";
import type { ManagedClaim } from "./schedule/lease.ts";
import type { ScheduleOutcome } from "./schedule/outcome.ts";

/** What is known about the image of a spec. */
export type ImageState =
  | {
      readonly type: "present";
      readonly id: string;
      /** Of its variables those that say which driver it needs; absent: none. */
      readonly requirements?: Readonly<Record<string, string>>;
    }
  | {
      readonly type: "missing";
      /** The first of the spec's aliases that is here; absent: none is. */
      readonly alias?: string;
      /** Names here that may have been meant, the nearest first; absent: none. */
      readonly similar?: readonly string[];
      /** It is here, but only by an alias in the specs of these users, which says nothing of what it is; absent: it is not. */
      readonly taggedFor?: readonly string[];
    }
  /** A pull is under way. */
  | {
      readonly type: "pulling";
      /** In bytes, as far as is known; absent: nothing is. */
      readonly progress?: { readonly doneBytes: number; readonly totalBytes: number };
    }
  | BuildState;

/** Why there is no image yet of an object that builds its own. */
export type BuildState =
  /** What it is built from is being read. */
  | { readonly type: "reading" }
  /** It waits for its turn, or is being built. `step`: `step 2/4 (RUN)`; what it writes is for its owner alone. */
  | { readonly type: "building"; readonly since: number; readonly step: string }
  | { readonly type: "unbuildable"; readonly reason: string; readonly message: string };

type SpecialFile = "Socket" | "CharDevice" | "BlockDevice" | "Other";
/** What can stand at a path of the host. */
export type HostPathKind = "Directory" | "File" | SpecialFile | "Missing" | "Unreadable";

/** What stands at a path of the host, links resolved. */
export interface HostPathFact {
  readonly realPath: string;
  /** `Unreadable`: even ds01 cannot tell where it leads. */
  readonly kind: HostPathKind;
}

/** Everything `decide` may look at: one object and its surroundings, read at one moment, nothing chosen yet. */
export interface World {
  readonly record: ContainerRecord;
  /** Which controller we are: containers of another instance are not ours (I9). */
  readonly instance: string;
  /** Where the wall clock stands; absent or null: only it is known. */
  readonly clock?: ClockReading | null;
  /** False: the engine does not answer, and nothing may be concluded or done. */
  readonly engineReady: boolean;
  /** Since when it has been there without a break, which tells one time from the next; absent: not known. */
  readonly engineSince?: number;
  /** False until the spec source has delivered everything once: nothing is stopped or removed before (I5), but in an emergency. */
  readonly sourceSynced: boolean;
  /** Containers with our instance and this object's uid. */
  readonly containers: readonly ObservedContainer[];
  /** Name of a container that is not this object's but has its name. */
  readonly nameTakenBy: string | null;
  /** Docker name of a container of nobody's that the spec is to stand for, once an admin says so; absent or null: none. */
  readonly toAdopt?: string | null;
  readonly image: ImageState;
  /** Name of the image that it needs; null while what it is built from has not been read. */
  readonly imageReference: string | null;
  /** Ids of containers that are being stopped right now -> milliseconds of grace that they are given. */
  readonly stopping: ReadonlyMap<string, number>;
  /** Account of the namespace's user; null when the system has none. */
  readonly owner: OwnerAccount | null;
  readonly quota: ResolvedQuota;
  /** The cgroup around all containers of the user; null where no quota limits them together. */
  readonly aggregate: AggregateState | null;
  /** What the user's other objects use; this one is not in it. */
  readonly othersUsage: UserUsage;
  readonly hostPaths: ReadonlyMap<string, HostPathFact>;
  /** What was found wrong with the files that it takes variables and secrets from; absent or null: nothing. */
  readonly fileProblem?: GivenFileProblem | null;
  /** Ports of the host that containers hold, those of the object included. */
  readonly portUses: readonly PortUse[];
  /** How volumes are named and what presets there are; absent: as without a configuration. */
  readonly volumes?: VolumeSettings;
  /** Paths of the host that no container may have, links resolved; empty where the spec names no path. */
  readonly protectedPaths: readonly string[];
  /** True: its devices are beyond its owner's nominal quota. */
  readonly borrowing: boolean;
  /** Who it has to give way to, and when; null when to nobody. */
  readonly preemption: PreemptionNotice | null;
  /** Devices this object holds now; null when it holds none. */
  /** What an admin has stopped at once; absent or null: nothing of this user. */
  readonly emergencyStop?: EmergencyStop | null;
  /** What stands for emergency stops that cannot be read; absent or null: all are known. */
  readonly startsHeld?: EmergencyStop | null;
  /** Why `record` says Stopped whatever its file says; absent or null: it says what its file says. */
  readonly stopOverride?: StopOverride | null;
  readonly claim: ManagedClaim | null;
  /** What scheduling says about devices it still needs; null when it needs none or holds them. */
  readonly schedule: ScheduleOutcome | null;
  /** Of its devices those on which it does not start again, as they are reserved for others; absent: none. */
  readonly reserved?: ReservedDevices;
  /** A reservation in whose way it is with what it holds; absent or null: none. */
  readonly blocks?: BlockedBooking | null;
  /** What it is to start after, or beside; absent or null: nothing. */
  readonly gate?: StartGate | null;
  /** The objects that it stands for as a sweep; absent where it is none. */
  readonly elements?: readonly ContainerRecord[];
  readonly devices: readonly Device[];
  /** False: the GPU stack does not answer, and nothing that holds GPUs is replaced. */
  readonly gpuStackReady: boolean;
  /** What the NVIDIA driver can do; absent while nobody has said. */
  readonly driver?: DriverFacts;
  readonly gpuAccess: GpuAccess;
  /** Whether its container does anything; absent or null where nobody looks. */
  readonly idle?: IdleFacts | null;
  /**
   * The provider's pure function from devices to what goes into the container, in the way that the engine offers
   * now; with `made` as an existing container was made.
   */
  readonly attach: (devices: readonly Device[], made?: Injection | null) => Attachment;
}
