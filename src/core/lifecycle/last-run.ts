import type { ObservedContainer } from "../observed.ts";

/** How a run ended, for when its container is gone. Times are milliseconds since the epoch. */
export interface LastRun {
  readonly containerId: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
}

/** The run that a container has ended; null while it runs, and when it never has. */
export function endedRun(container: ObservedContainer): LastRun | null {
  const { id, startedAt, finishedAt, exitCode, oomKilled } = container;
  if (startedAt === null || finishedAt === null) return null;
  return { containerId: id, startedAt, finishedAt, exitCode, oomKilled };
}
