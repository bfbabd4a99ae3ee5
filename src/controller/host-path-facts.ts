import type { ContainerSpecSpec } from "../api/container.ts";
import { limitedDisks, withoutMissingDisks } from "../core/quota/block-io.ts";
import type { ResolvedQuota } from "../core/quota/limits.ts";
import type { ContainerRecord, SourceReference } from "../core/record.ts";
import type { HostPathFact } from "../core/world.ts";
import { expandPresets, presetAnchors, type ExpandedSpec, type PresetOwner } from "../core/presets/expand.ts";
import { copyPaths, wantedCopies } from "../core/plan/copies.ts";
import { lookedAtFor, specPlace } from "../core/plan/placed-path.ts";
import { givenFiles } from "../core/given-files/given-file.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { OwnerAccount } from "../core/account/owner-account.ts";

/** What stands at the paths that a container wants, and where the paths are that none may have. */
export interface PathFacts {
  /** By the path as it is written. */
  readonly hostPaths: ReadonlyMap<string, HostPathFact>;
  /** As they are configured and with every link resolved; empty where no path is wanted. */
  readonly protectedPaths: readonly string[];
}

export const noPaths: PathFacts = { hostPaths: new Map(), protectedPaths: [] };

/** Paths of the host that a spec names. */
function pathsOf({ volumes = [], devices = [] }: ContainerSpecSpec): readonly string[] {
  return [
    ...volumes.flatMap(({ hostPath }) => hostPath?.path ?? []),
    ...devices.map(({ hostPath }) => hostPath),
  ];
}

/** Whether anything of the spec needs the account of its owner. */
export function usesOwner(spec: ContainerSpecSpec): boolean {
  const { user, volumes = [], presets = [], copy = [], envFrom = [], secrets = [] } = spec;
  const makes = volumes.some(({ hostPath }) => hostPath?.type?.endsWith("OrCreate"));
  return user === "owner" || [presets, copy, envFrom, secrets].some(({ length }) => length > 0) || makes;
}

/** A spec with what its presets bring, what those grant, and every path to be looked at for it. */
export interface SpecPaths {
  readonly expanded: ExpandedSpec;
  readonly owner: PresetOwner;
  readonly paths: readonly string[];
}

/** `home` is null where the host does not know the owner. */
export function specPaths(
  { spec, source }: { readonly spec: ContainerSpecSpec; readonly source: SourceReference },
  owner: PresetOwner,
  volumes: VolumeSettings,
): SpecPaths {
  const { presets } = volumes;
  const place = specPlace({ record: { source }, volumes });
  const expanded = expandPresets(spec, presets, owner);
  const taken = [...copyPaths(wantedCopies(spec, place)), ...lookedAtFor(givenFiles(spec, place))];
  const anchors = expanded.hash === null ? [] : presetAnchors(presets, owner);
  return { expanded, owner, paths: [...pathsOf(expanded.spec), ...taken, ...anchors] };
}

/** Disks that a container may be limited on, by its spec or its owner's quota. */
function disksOf({ resources }: ContainerSpecSpec, quota: ResolvedQuota): readonly string[] {
  return [...(resources?.io?.devices ?? []).map(({ path }) => path), ...limitedDisks(quota)];
}

/** The quota as it holds on this host, whose disks were looked at. */
export function quotaHere(quota: ResolvedQuota, { hostPaths }: Pick<PathFacts, "hostPaths">): ResolvedQuota {
  return withoutMissingDisks(quota, (path) => hostPaths.get(path)?.kind === "Missing");
}

/** Looks at paths of the host anew each time: links change behind everybody's back. */
export async function lookAtPaths(
  paths: readonly string[],
  hostPaths: HostPaths,
  protectedPaths: readonly string[],
): Promise<PathFacts> {
  if (paths.length === 0) return noPaths;
  const look = async (path: string) => [path, await hostPaths.inspect(path)] as const;
  const [found, kept] = await Promise.all([
    Promise.all(paths.map(look)),
    Promise.all(protectedPaths.map(look)),
  ]);
  const everywhere = kept.flatMap(([path, { realPath }]) => [path, realPath]);
  return { hostPaths: new Map(found), protectedPaths: [...new Set(everywhere)] };
}

/** Looks at every path that a decision about the object asks for. */
export async function lookAtSpec(
  about: {
    readonly record: ContainerRecord;
    readonly spec: ContainerSpecSpec;
    readonly owner: OwnerAccount | null;
  },
  host: {
    readonly hostPaths: HostPaths;
    readonly protectedPaths: () => readonly string[];
    readonly volumes: VolumeSettings;
  },
  quota: ResolvedQuota,
): Promise<PathFacts> {
  const { record, spec, owner } = about;
  const whose = { namespace: record.namespace, home: owner?.home ?? null };
  const { paths } = specPaths({ spec, source: record.source }, whose, host.volumes);
  return lookAtPaths([...paths, ...disksOf(spec, quota)], host.hostPaths, host.protectedPaths());
}

/** Written path -> where it leads. */
export function realPathsOf({ hostPaths }: Pick<PathFacts, "hostPaths">): ReadonlyMap<string, string> {
  return new Map([...hostPaths].map(([path, { realPath }]) => [path, realPath]));
}
