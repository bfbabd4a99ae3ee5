import type { ContainerUse } from "../../ports/container-access.ts";
import type { EngineClient } from "./engine-client.ts";

/** The engine looks twice, a second apart. */
const deadlineMs = 15_000;

/** What ds01 reads of Docker's stats; empty for a container that does not run. */
export interface StatsJson {
  readonly cpu_stats?: CpuJson;
  readonly precpu_stats?: CpuJson;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>> | null;
  };
  readonly pids_stats?: { readonly current?: number };
  readonly read?: string;
  readonly preread?: string;
}

interface CpuJson {
  readonly cpu_usage?: { readonly total_usage?: number };
}

/** What a container uses now, its CPU over about a second. */
export async function containerUse(client: EngineClient, idOrName: string): Promise<ContainerUse | null> {
  const answer = await client.request({
    what: `measure ${idOrName}`,
    method: "GET",
    path: `/containers/${encodeURIComponent(idOrName)}/stats`,
    query: { stream: false },
    deadlineMs,
  });
  return useOf(answer as StatsJson);
}

/** Reads Docker's answer; null where it says that nothing runs. */
export function useOf(json: StatsJson): ContainerUse | null {
  const cpu = cpuOf(json);
  const { usage, stats } = json.memory_stats ?? {};
  if (cpu === null || usage === undefined) return null;
  // As `docker stats` has it: what is only cached is not counted. The first name is that of cgroup v1.
  const cached = stats?.["total_inactive_file"] ?? stats?.["inactive_file"] ?? 0;
  return { ...cpu, memoryBytes: Math.max(0, usage - cached), pids: json.pids_stats?.current ?? null };
}

function cpuOf(json: StatsJson): Pick<ContainerUse, "cpus" | "windowMs"> | null {
  const windowMs = Date.parse(json.read ?? "") - Date.parse(json.preread ?? "");
  const now = json.cpu_stats?.cpu_usage?.total_usage;
  const before = json.precpu_stats?.cpu_usage?.total_usage;
  if (now === undefined || before === undefined || !(windowMs > 0)) return null;
  return { cpus: Math.max(0, (now - before) / 1e6 / windowMs), windowMs };
}
