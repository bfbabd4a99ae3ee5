import type { ContainerSpecSpec } from "../api/container.ts";
import { limitedDisks, withoutMissingDisks } from "../core/quota/block-io.ts";
import type { ResolvedQuota } from "../core/quota/limits.ts";
import type { HostPathFact } from "../core/world.ts";
import type { HostPaths } from "../ports/host-paths.ts";

/** What stands at the paths that a container wants, and where the paths are that none may have. */
export interface PathFacts {
  /** By the path as it is written. */
  readonly hostPaths: ReadonlyMap<string, HostPathFact>;
  /** As they are configured and with every link resolved; empty where no path is wanted. */
  readonly protectedPaths: readonly string[];
}

export const noPaths: PathFacts = { hostPaths: new Map(), protectedPaths: [] };

/** Paths of the host that a spec names. */
export function pathsOf({ volumes = [], devices = [] }: ContainerSpecSpec): readonly string[] {
  return [...volumes.flatMap(({ hostPath }) => hostPath?.path ?? []), ...devices.map(({ hostPath }) => hostPath)];
}

/** Whether anything of the spec needs the account of its owner. */
export function usesOwner({ user, volumes = [] }: ContainerSpecSpec): boolean {
  return user === "owner" || volumes.some(({ hostPath }) => hostPath?.type?.endsWith("OrCreate"));
}

/** Disks that a container may be limited on, by its spec or its owner's quota. */
export function disksOf({ resources }: ContainerSpecSpec, quota: ResolvedQuota): readonly string[] {
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

/** Written path -> where it leads. */
export function realPathsOf({ hostPaths }: Pick<PathFacts, "hostPaths">): ReadonlyMap<string, string> {
  return new Map([...hostPaths].map(([path, { realPath }]) => [path, realPath]));
}
