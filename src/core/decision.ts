import type { ContainerStatus } from "../api/container.ts";
import type { Fact } from "./lifecycle/fact.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import type { Step } from "./plan/step.ts";

/** Something to tell people that no step tells. */
export interface Announcement {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** A log whose end is to outlast its container. */
export interface LogToKeep {
  readonly containerId: string;
  /** End of the run it belongs to, in milliseconds since the epoch. */
  readonly finishedAt: number;
}

/** What `decide` wants done, as data. */
export interface Decision {
  /** In order; each is one external call. Empty when the world is as declared. */
  readonly steps: readonly Step[];
  readonly status: ContainerStatus;
  readonly memory: LifecycleMemory;
  /** The fact that decided. */
  readonly fact: Fact;
  /** Look again at this time (milliseconds since the epoch); null when only a change can matter. */
  readonly requeueAt: number | null;
  /** The object is deleted and nothing of it is left: forget it. */
  readonly gone: boolean;
  readonly announcements: readonly Announcement[];
  /** Devices the steps take, to be reserved until the container shows up; null when they take none. */
  readonly reserve: readonly string[] | null;
  /** The end of this log is to be written down before the steps; absent: of none. */
  readonly keepLog?: LogToKeep;
}
