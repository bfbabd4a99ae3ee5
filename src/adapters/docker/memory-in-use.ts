import type { RuntimeUpdate } from "../../ports/container-runtime.ts";
import { WaitingError } from "../../util/errors.ts";
import { formatBytes } from "../../util/quantity.ts";
import type { EngineClient } from "./engine-client.ts";

/** What ds01 reads of Docker's answer about the use of a container; empty for one that does not run. */
interface StatsJson {
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>> | null;
  };
}

/** Memory that the kernel gives back by itself, in the words of cgroup v1 and of v2. */
const caches = [
  ["total_inactive_file", "total_active_file"],
  ["inactive_file", "active_file"],
] as const;

/**
 * Refuses an update that lowers the memory of what runs below what it uses: the kernel would kill it on cgroup v2, and
 * the engine would fail on v1.
 */
export async function refuseBelowUse(
  request: {
    readonly client: EngineClient;
    readonly path: string;
    readonly deadlineMs: number;
    readonly signal: AbortSignal | undefined;
  },
  { limits }: RuntimeUpdate,
): Promise<void> {
  const wanted = limits?.memoryBytes ?? null;
  if (wanted === null) return;
  const { client, ...rest } = request;
  const query = { stream: false, "one-shot": true };
  const answer = await client.request({ what: "look at the memory in use", method: "GET", query, ...rest });
  const { usage = 0, limit = 0, stats } = (answer as StatsJson).memory_stats ?? {};
  const names = caches.find(([name]) => stats?.[name] !== undefined) ?? [];
  const used = names.reduce((left, name) => left - (stats?.[name] ?? 0), usage);
  if (limit <= wanted || used <= wanted) return;
  throw new WaitingError({
    reason: "MemoryInUse",
    message: `${formatBytes(used)} of memory are in use, and ${formatBytes(wanted)} would end it`,
  });
}
