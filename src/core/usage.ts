import { groupBy } from "../util/group-by.ts";
import type { HostInput, HostView } from "./host-view.ts";
import type { ObservedContainer } from "./observed.ts";
import { countsAsContainer } from "./quota/counts-as-container.ts";
import { gpuEquivalentsOf } from "./quota/gpu-equivalents.ts";
import type { UserUsage } from "./quota/limits.ts";
import type { GoneDevice } from "./schedule/given-devices.ts";
import type { ManagedClaim } from "./schedule/lease.ts";

/** What everybody uses: counted once, asked for by many. */
export function usageOf(
  input: Pick<HostInput, "records" | "inventory" | "reservations">,
  claims: ReadonlyMap<string, ManagedClaim>,
  containersOf: ReadonlyMap<string, readonly ObservedContainer[]>,
): Usage {
  const equivalents = new Map(input.inventory.devices.map((device) => [device.uuid, device.gpuEquivalents]));
  const models = new Map(input.inventory.devices.map(({ uuid, model }) => [uuid, model]));
  const rows = input.records.flatMap((record): UsageRow | readonly [] => {
    const { uid, namespace, name } = record;
    const active = input.reservations.has(uid) || countsAsContainer(record, containersOf.get(uid) ?? []);
    const claim = claims.get(uid);
    if (!active && claim === undefined) return [];
    const uuids = claim?.deviceUuids ?? [];
    const gone = new Map(claim?.gone?.map((given) => [given.uuid, given]));
    const gpuEquivalents = uuids.reduce((sum, uuid) => {
      const given = gone.get(uuid);
      return sum + (given === undefined ? (equivalents.get(uuid) ?? 1) : equivalentsOf(given, models));
    }, 0);
    return { uid, namespace, name, active, gpuEquivalents };
  });
  const byNamespace = groupBy(rows, (row) => row.namespace);
  const byUid = new Map(rows.map((row) => [row.uid, row.gpuEquivalents]));
  const usage: HostView["usage"] = (namespace, exceptUid) => {
    const own = byNamespace.get(namespace) ?? [];
    let [containers, gpuEquivalents] = [0, 0];
    for (const row of own) {
      if (row.uid === exceptUid) continue;
      if (row.active) containers += 1;
      gpuEquivalents += row.gpuEquivalents;
    }
    return {
      containers,
      gpuEquivalents,
      // Only messages ask for it, and each decision asks for the rest.
      get holders() {
        return holdersOf(own.filter((row) => row.uid !== exceptUid));
      },
    };
  };
  const used = new Map([...byNamespace.keys()].map((name) => [name, usage(name, null).gpuEquivalents]));
  return {
    usage,
    usedBy: (namespace) => used.get(namespace) ?? 0,
    heldBy: (uid) => byUid.get(uid) ?? 0,
  };
}

/** What a device counts that is gone, while it is held: what it counted when it was given. */
function equivalentsOf(given: GoneDevice, models: ReadonlyMap<string, string>): number {
  if (given.replicas !== undefined) return 1 / given.replicas;
  return gpuEquivalentsOf(given.profile, models.get(given.parentUuid ?? given.uuid) ?? "");
}

/** What everybody uses, by namespace and by object. */
export interface Usage {
  readonly usage: HostView["usage"];
  /** GPU-equivalents that all objects of one namespace hold. */
  readonly usedBy: (namespace: string) => number;
  /** GPU-equivalents that one object holds. */
  readonly heldBy: (uid: string) => number;
}

interface UsageRow {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly active: boolean;
  readonly gpuEquivalents: number;
}

function holdersOf(rows: readonly UsageRow[]): UserUsage["holders"] {
  return rows
    .filter((row) => row.active || row.gpuEquivalents > 0)
    .map(({ namespace, name, gpuEquivalents }) => ({ name: `${namespace}/${name}`, gpuEquivalents }))
    .toSorted((a, b) => b.gpuEquivalents - a.gpuEquivalents || (a.name < b.name ? -1 : 1));
}
