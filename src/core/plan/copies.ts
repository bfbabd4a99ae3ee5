import type { ContainerSpecSpec } from "../../api/container.ts";
import { defaultVolumes } from "../presets/preset.ts";
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
  return { specsRoot: volumes.specsRoot, sourcePath: record.source.path };
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
