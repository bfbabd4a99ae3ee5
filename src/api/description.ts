import type { Condition } from "./meta.ts";
import type { EventObject } from "./event.ts";
import type { Problem } from "./problem.ts";
import type { ContainerStatus } from "./container.ts";
import type { StatusSource } from "./source-reference.ts";

/** Answer of `GET .../containers/NAME/description`: what `ds01 describe container` prints, in its order. */
export interface ContainerDescription {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  /** RFC 3339. */
  readonly phaseSince: string;
  /** Why it is in this phase, a sentence a line; empty when there is nothing to say. */
  readonly why: readonly string[];
  readonly whatHelps: string | null;
  readonly source: StatusSource;
  /** The text that is not in effect, and why; null when the file is in effect. */
  readonly rejection: {
    readonly reason: string;
    readonly message: string;
    readonly problems: readonly Problem[];
  } | null;
  readonly container: ContainerStatus["container"] | null;
  /** How the last run ended that is over; `log` is for those who may read logs. */
  readonly lastRun?: NonNullable<ContainerStatus["lastRun"]> & { readonly log?: readonly string[] };
  readonly restarts: number;
  /** For how long nothing has gone on in it, of how long; absent where nobody minds. */
  readonly idle?: string;
  readonly gpu: GpuDescription | null;
  /** How many containers the user may have and has; null where no quota limits that. */
  readonly containers: {
    readonly used: number;
    readonly max: number;
    readonly left: number;
    readonly place: string | null;
  } | null;
  readonly limits: readonly LimitDescription[];
  /** Limits that it has otherwise than wanted until its next start. */
  readonly pendingLimits?: NonNullable<ContainerStatus["pendingLimits"]>;
  readonly conditions: readonly Condition[];
  /** What happens next by itself, and when. */
  readonly next: { readonly text: string; readonly at: string | null };
  /** Oldest first. */
  readonly events: readonly EventObject[];
}

export interface GpuDescription {
  readonly requestedCount: number;
  readonly profile: string | null;
  readonly gpuEquivalents: number;
  readonly devices: ContainerStatus["gpus"];
  /** Every device of this host with what keeps it from a container that waits; absent for one that does not. */
  readonly judged?: readonly JudgedDevice[];
  readonly quota: {
    readonly name: string;
    readonly nominal: number | null;
    readonly used: number;
    readonly left: number | null;
    readonly usedBy: readonly string[];
    readonly place: string | null;
  } | null;
}

/** What is true of one device for a container that waits. */
export interface JudgedDevice {
  readonly slot: string;
  /** The model, or the profile of a slice. */
  readonly kind: string;
  readonly why: string;
}

export interface LimitDescription {
  readonly name: string;
  readonly value: string;
  /** `spec`, `built-in`, or `quotas/students.yaml:9`. */
  readonly origin: string;
}

/** Answer of `POST .../containers/NAME/preview` (`ds01 diff`, `--dry-run`): what would happen, without doing it. */
export interface Preview {
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly exists: boolean;
  readonly problems: readonly Problem[];
  /** Why it would be refused; null when it would be accepted. */
  readonly refusal: { readonly reason: string; readonly message: string } | null;
  readonly changes: readonly FieldChange[];
  readonly plan: readonly PlannedStep[];
  /** Why it stays stopped for a while whatever the file says; absent: nobody has said so. */
  readonly override?: string;
  /** Warnings for the person: what restarts, what is lost, what waits. */
  readonly notes: readonly string[];
}

export interface FieldChange {
  readonly field: string;
  /** null: absent. Values of env are never shown. */
  readonly from: string | null;
  readonly to: string | null;
  readonly effect: "in place" | "forces recreate" | "no restart";
}

export interface PlannedStep {
  readonly do: string;
  readonly target: string;
  readonly cause: string;
}
