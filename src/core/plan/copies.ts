import type { ContainerSpecSpec } from "../../api/container.ts";
import { defaultVolumes, rootOfSource } from "../presets/preset.ts";
import type { World } from "../world.ts";
import { plainPath } from "./plain-path.ts";

/** All that is copied into one container, in bytes of its archive. */
export const maximumCopyBytes = 64 * 1024 ** 2;

/** Where relative sources are looked for. */
export interface SpecPlace {
  readonly specsRoot: string;
  /** Path of the spec file below the root. */
  readonly sourcePath: string;
}

/** Files to be put into a container before its first start; paths are absolute. */
export interface WantedCopy {
  readonly from: string;
  readonly to: string;
  /** The directory that it must not lead out of; null: a quota has to grant it. */
  readonly within: string | null;
}

/** Where the file of a decision's spec stands. */
export function specPlace({
  record,
  volumes = defaultVolumes,
}: Pick<World, "record" | "volumes">): SpecPlace {
  return { specsRoot: rootOfSource(volumes, record.source.source), sourcePath: record.source.path };
}

/** What the spec wants copied; relative sources begin at the directory of its file. */
export function wantedCopies(
  { copy = [] }: ContainerSpecSpec,
  { specsRoot, sourcePath }: SpecPlace,
): readonly WantedCopy[] {
  const directory = plainPath(`${specsRoot}/${sourcePath.split("/").slice(0, -1).join("/")}`);
  return copy.map(({ from, to }) => {
    const target = plainPath(to);
    if (from.startsWith("/")) return { from: plainPath(from), to: target, within: null };
    return { from: plainPath(`${directory}/${from}`), to: target, within: directory };
  });
}

/** Paths to be looked at for them. */
export function copyPaths(copies: readonly WantedCopy[]): readonly string[] {
  return [...new Set(copies.flatMap(({ from, within }) => (within === null ? [from] : [from, within])))];
}

/** True when `path` is `directory` or lies below it; both plain. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/**
 * Why nothing may be copied to a path of a container with these mounts: the engine writes as root, and resolves the
 * sources of mounts anew each time. null where it may.
 */
export function mountInTheWay(to: string, mounts: readonly CopyMount[]): string | null {
  const touched = mounts.filter(({ target }) => isWithin(to, target) || isWithin(target, to));
  const closed = touched.find(({ type, readOnly }) => type !== "volume" || readOnly);
  if (closed !== undefined) return mountWords(to, closed);
  // Another container may put a link into a volume, which would lead into the host path.
  const hostPath = mounts.find(({ type }) => type === "bind");
  const [volume] = touched;
  if (volume === undefined || hostPath === undefined) return null;
  return `it touches the volume at ${volume.target}, beside a host path at ${hostPath.target}: copy elsewhere`;
}

function mountWords(to: string, { type, target, readOnly }: CopyMount): string {
  const where = isWithin(to, target) ? `lies in ${target}` : `has ${target} below it`;
  if (type === "bind") return `it ${where}, a host path: put the files there on the host, or copy elsewhere`;
  if (type === "tmpfs") return `it ${where}, memory that is empty at each start: copy elsewhere`;
  return readOnly ? `it ${where}, which is read-only: copy elsewhere` : `it ${where}`;
}

/** What counts of a mount for copies. */
export interface CopyMount {
  readonly type: "bind" | "volume" | "tmpfs";
  readonly target: string;
  readonly readOnly: boolean;
}
