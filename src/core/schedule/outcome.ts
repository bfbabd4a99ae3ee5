import type { Device } from "./device.ts";
import type { DeviceVerdict } from "./device-verdicts.ts";
import type { Lease } from "./lease.ts";
import type { Nomination } from "./preemption.ts";

/** What scheduling says about one demand. */
export type ScheduleOutcome =
  | { readonly type: "assigned"; readonly devices: readonly Device[] }
  | {
      readonly type: "waiting";
      /** GPU-equivalents that its owner may still take, borrowed ones included; null is unlimited. */
      readonly quotaLeft: number | null;
      /**
       * NoMatchingDevice, WaitingForImage, WaitingForQuota, DevicesUnhealthy, DevicesCordoned, WaitingForDevices,
       * ReservedForOthers, BackfillBlocked, WaitingForCohort, WaitingForPreemption, GpuStackNotReady.
       */
      readonly reason: string;
      /** needs ...; have ...; blocked by ...: the whole sentence for people. */
      readonly message: string;
      /** True: no change of load can help, only other hardware or another request. */
      readonly never: boolean;
      /** Place among those that wait, from 1; 0 when `never`. */
      readonly position: number;
      readonly of: number;
      /** Uid of the demand just before it in the queue; null for the first. */
      readonly behind: string | null;
      readonly priority: number;
      /** Since when it waits, in milliseconds since the epoch. */
      readonly since: number;
      readonly eta: number | null;
      readonly basis: "limit" | "history" | "unknown";
      /** Leases that stand in the way, soonest end first. */
      readonly blockers: readonly Lease[];
      /** When another may have to give way for it, though nothing else happens; absent: never. */
      readonly lookAgainAt?: number;
      /** Devices that others are to give up for it; absent: none. */
      readonly nomination?: Nomination;
      /** What is true of each device for it, in the order of the slots; empty while devices are not known. */
      readonly verdicts: readonly DeviceVerdict[];
      /** A request that would start now, if there is one: `gpus: {count: 1, profile: 2g.20gb}`. */
      readonly hint: string | null;
    };
