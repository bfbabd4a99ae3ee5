import type { Phase } from "../../api/container.ts";
import type { ContainerClock } from "../container-clock.ts";
import type { AccessTries } from "../gpu-access.ts";
import type { LastRun } from "./last-run.ts";
import type { IdleWarning } from "../idle/idle-verdict.ts";
import type { Nomination, Victim } from "../schedule/preemption.ts";

/**
 * What the lifecycle must remember because nothing shows it. Losing it costs history, never safety:
 * every state can be derived again from what is observed. Times are milliseconds since the epoch.
 */
export interface LifecycleMemory {
  readonly version: 1;
  readonly state: Phase;
  readonly since: number;
  /** Why ds01 stopped the container; absent when it ended by itself or was stopped from outside. */
  readonly stopCause: StopCause | null;
  /** Starts in a row that did not last; forgotten after ten minutes of running. */
  readonly attempts: number;
  /** What was done about lost access to GPUs; absent when nothing was. */
  readonly accessTries?: AccessTries;
  /** All restarts by ds01 of this object. */
  readonly restarts: number;
  readonly nextStartAt: number | null;
  /** Since when it has been waiting to start, for its place in the queue; null when it does not wait. */
  readonly waitingSince: number | null;
  /** Generation that the counters below belong to; a new one starts them afresh. */
  readonly generation: number;
  /** Running time used up before the current start, for maxRuntime over restarts. */
  readonly ranMs: number;
  /** maxRuntime as it was when this generation was first looked at: a quota edit never shortens a run. */
  readonly maxRuntimeMs: number | null;
  /** End of the run that `ranMs` and `attempts` have counted last: a restart may be tried more than once. */
  readonly countedRunEndedAt: number | null;
  /** UUIDs held last, preferred at the next allocation. */
  readonly lastGpus: readonly string[];
  /** UUIDs that an object of this name held when it was removed: the tie is broken for them. Absent: none. */
  readonly formerGpus?: readonly string[];
  /** Id of the stopped container whose devices were given back: it gets some only through the queue again. */
  readonly releasedContainerId: string | null;
  /** Limits as ds01 last wrote them, to tell a change by hand from a change of the quota. */
  readonly applied: AppliedLimits | null;
  /** A configuration that was tried and rolled back; not tried again until the spec changes. */
  readonly rolledBack: {
    readonly specHash: string;
    readonly reason: string;
    readonly message: string;
  } | null;
  /** Id of the container ds01 created last, or has found to be right: its configuration cannot have been changed by anybody. */
  readonly containerId: string | null;
  /** Configuration for which a job has ended for good (Completed, Failed, MaxRuntimeExceeded). */
  readonly finished: FinishedRun | null;
  /** Tries of a job that were made because it failed, for backoffLimit; absent: none. */
  readonly retries?: number;
  /** How the wall clock was set since the runs of its containers; absent: nothing is known of that. */
  readonly clocks?: readonly ContainerClock[];
  /** `engineSince` of the world when a new container was started last beside an old one; absent: none was. */
  readonly replacementSince?: number;
  /** How the last run ended whose container is done, or gone; absent: there was none. */
  readonly lastRun?: LastRun;
  /** Last lines of that run's log; absent: none were read. */
  readonly keptLog?: KeptLog;
  /** Since when it has held devices without a break; absent or null while it holds none. */
  readonly heldSince?: number | null;
  /** Since when it waited for the devices that it has: its place in the queue, should it have to give way. */
  readonly queuedSince?: number | null;
  /** Devices that are to go to it alone, and who gives way for it; kept until it runs or gives up. */
  readonly nomination?: Nomination | null;
  /** The restart that was asked for last and has been done, as its annotation says it. */
  readonly restartAnswered?: string;
  /** For whom it has to give way and when, as it was told. */
  readonly notice?: PreemptionNotice | null;
  /** That it was warned of being stopped for idleness; absent or null while it does something. */
  readonly idleWarning?: IdleWarning | null;
  /** When it gave way, within the last day. */
  readonly preemptedAt?: readonly number[];
  /** Reason of the fact that people were told last; absent or null where it is none that is told. */
  readonly told?: string | null;
  /** The reservation that it was warned of being in the way of; absent or null where it is in nobody's. */
  readonly blocksTold?: string | null;
  /** Ids of containers with its labels that stand for nothing of it, which people were told of; absent: none. */
  readonly extras?: readonly string[];
  /** The last step that failed, until it works or the spec changes. */
  readonly failure: StepFailure | null;
}

/** The end of a log, for when its container is gone. Only who may read logs is shown it. */
export interface KeptLog {
  readonly containerId: string;
  /** End of the run it belongs to. */
  readonly finishedAt: number;
  readonly text: string;
}

/** A stop that is to come, for somebody else. */
export interface PreemptionNotice {
  /** `bob/train`. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly because: Victim["because"];
}

export type StopCause =
  | "SpecStopped"
  | "EmergencyStop"
  | "GpuAccessLost"
  | "RestartRequested"
  | "Preempted"
  | "MaxRuntimeExceeded"
  | "IdleTimeout"
  | "StartedAgain"
  | "SpecDeleted"
  | "Replaced";

export interface AppliedLimits {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** With swap together; null is unlimited, absent is left as it is and not compared. */
  readonly memorySwapBytes?: number | null;
  readonly pidsLimit: number | null;
  /** Absent is left as it is and not compared. */
  readonly ioWeight?: number | null;
}

export interface FinishedRun {
  readonly specHash: string;
  /** Hash of what it was allowed to use; a run that failed or hit its limit goes on when that is another. */
  readonly allowanceHash?: string;
  readonly state: "Completed" | "Failed";
  readonly reason: string;
  readonly message: string;
  readonly exitCode: number | null;
  readonly at: number;
}

export interface StepFailure {
  readonly generation: number;
  readonly step: string;
  /** What it was about, where the next try may be about something else: the image that was to be built. */
  readonly subject?: string;
  readonly reason: string;
  readonly message: string;
  /** True: the owner must act, nothing is retried until the spec changes. */
  readonly stalled: boolean;
  readonly attempts: number;
  readonly nextAt: number;
}

/** Memory of an object that has never been looked at. */
export function freshMemory(now: number): LifecycleMemory {
  return {
    version: 1,
    state: "Pending",
    since: now,
    stopCause: null,
    attempts: 0,
    restarts: 0,
    nextStartAt: null,
    waitingSince: null,
    generation: 0,
    ranMs: 0,
    maxRuntimeMs: null,
    countedRunEndedAt: null,
    lastGpus: [],
    releasedContainerId: null,
    applied: null,
    rolledBack: null,
    containerId: null,
    finished: null,
    failure: null,
  };
}
