import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";

/** How a run ended, for when its container is gone. Times are milliseconds since the epoch. */
export interface LastRun {
  readonly containerId: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  /** What its container was made from; absent where that is not known. */
  readonly specHash?: string;
}

/** True when a run was of another spec than the one of this hash. */
export function isOfEarlierSpec({ specHash }: LastRun, hash: string): boolean {
  return specHash !== undefined && specHash !== hash;
}

/** The run that a container has ended; null while it runs, and when it never has. */
export function endedRun(container: ObservedContainer): LastRun | null {
  const { id, startedAt, finishedAt, exitCode, oomKilled } = container;
  if (startedAt === null || finishedAt === null) return null;
  const specHash = container.labels[labels.specHash];
  const run = { containerId: id, startedAt, finishedAt, exitCode, oomKilled };
  return specHash === undefined ? run : { ...run, specHash };
}
