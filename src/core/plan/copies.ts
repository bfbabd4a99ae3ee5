import type { ContainerSpecSpec } from "../../api/container.ts";
import { plainPath } from "./plain-path.ts";
import { isWithin, lookedAtFor, placedPath, type SpecPlace } from "./placed-path.ts";

/** All that is copied into one container, in bytes of its archive. */
export const maximumCopyBytes = 64 * 1024 ** 2;

/** Files to be put into a container before its first start; paths are absolute. */
export interface WantedCopy {
  readonly from: string;
  readonly to: string;
  /** The directory that it must not lead out of; null: a quota has to grant it. */
  readonly within: string | null;
}

/** What the spec wants copied; relative sources begin at the directory of its file. */
export function wantedCopies({ copy = [] }: ContainerSpecSpec, place: SpecPlace): readonly WantedCopy[] {
  return copy.map(({ from, to }) => {
    const { path, within } = placedPath(from, place);
    return { from: path, to: plainPath(to), within };
  });
}

/** Paths to be looked at for them. */
export function copyPaths(copies: readonly WantedCopy[]): readonly string[] {
  return lookedAtFor(copies.map(({ from, within }) => ({ path: from, within })));
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
