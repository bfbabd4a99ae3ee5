import type { ContainerSpecSpec } from "../../api/container.ts";
import type { ContainerRecord, QuotaRecord } from "../record.ts";
import { effectiveLimits } from "./effective.ts";
import type { EffectiveLimits, ResolvedQuota } from "./limits.ts";
import { placeOf, resolveQuota } from "./resolve.ts";

/** Quotas as resolved so far, for as long as the same list of records is given. */
const resolved = new WeakMap<readonly QuotaRecord[], Map<string, ResolvedQuota>>();

/** Resolves the quota of each namespace once for a list of records, also over many looks at the host. */
export function quotaLookup(
  quotas: readonly QuotaRecord[],
  groups: ReadonlyMap<string, readonly string[]>,
  machine: Pick<ResolvedQuota, "machineCpus" | "strategies" | "cannotLimit">,
): (namespace: string) => ResolvedQuota {
  const known = resolved.get(quotas) ?? new Map<string, ResolvedQuota>();
  resolved.set(quotas, known);
  return (namespace) => {
    const own = groups.get(namespace) ?? [];
    const key = [namespace, ...own, JSON.stringify(machine.cannotLimit)].join("\n");
    const quota = known.get(key) ?? {
      ...resolveQuota(namespace, own, quotas),
      ...machine,
    };
    known.set(key, quota);
    return quota;
  };
}

interface KnownLimits {
  readonly quota: ResolvedQuota;
  readonly source: ContainerRecord["source"];
  readonly limits: EffectiveLimits;
}

const limitsOfSpecs = new WeakMap<ContainerSpecSpec, KnownLimits>();

/** The limits of an object, computed again only when its spec, the place of that or its quota is another. */
export function knownLimits({ spec, source }: ContainerRecord, quota: ResolvedQuota): EffectiveLimits | null {
  if (spec === null) return null;
  const known = limitsOfSpecs.get(spec);
  if (known?.quota === quota && known.source === source) return known.limits;
  const limits = effectiveLimits(spec, quota, (field) => placeOf(source, field));
  limitsOfSpecs.set(spec, { quota, source, limits });
  return limits;
}
