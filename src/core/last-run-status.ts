import type { ContainerStatus } from "../api/container.ts";
import { formatTime } from "./format-time.ts";
import { isOfEarlierSpec } from "./lifecycle/last-run.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";

/** What the status says of the run that ended last; its log is not in it, for everybody may read a status. */
export function lastRunStatus(
  { lastRun }: LifecycleMemory,
  specHash: string,
): Pick<ContainerStatus, "lastRun"> {
  if (lastRun === undefined) return {};
  const { startedAt, finishedAt, exitCode, oomKilled } = lastRun;
  return {
    lastRun: {
      startedAt: formatTime(startedAt),
      finishedAt: formatTime(finishedAt),
      ...(exitCode === null ? {} : { exitCode }),
      ...(oomKilled ? { oomKilled } : {}),
      ...(isOfEarlierSpec(lastRun, specHash) ? { ofEarlierSpec: true } : {}),
    },
  };
}
