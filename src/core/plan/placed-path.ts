import { defaultVolumes, rootOfSource } from "../presets/preset.ts";
import type { ContainerRecord } from "../record.ts";
import type { HostPathFact, World } from "../world.ts";
import { plainPath } from "./plain-path.ts";

/** Where relative paths of a spec are looked for. */
export interface SpecPlace {
  readonly specsRoot: string;
  /** Path of the spec file below the root. */
  readonly sourcePath: string;
}

/** A path of the host that a spec names. */
export interface PlacedPath {
  /** Absolute; links are not resolved. */
  readonly path: string;
  /** The directory that it must not lead out of; null: a quota has to grant it. */
  readonly within: string | null;
}

/** Where the file of a decision's spec stands. */
export function specPlace({
  record,
  volumes = defaultVolumes,
}: Pick<World, "volumes"> & { readonly record: Pick<ContainerRecord, "source"> }): SpecPlace {
  return { specsRoot: rootOfSource(volumes, record.source.source), sourcePath: record.source.path };
}

/** A path as the spec writes it; relative ones begin at the directory of its file. */
export function placedPath(written: string, { specsRoot, sourcePath }: SpecPlace): PlacedPath {
  if (written.startsWith("/")) return { path: plainPath(written), within: null };
  const directory = plainPath(`${specsRoot}/${sourcePath.split("/").slice(0, -1).join("/")}`);
  return { path: plainPath(`${directory}/${written}`), within: directory };
}

/** What of the host is to be looked at for them. */
export function lookedAtFor(placed: readonly PlacedPath[]): readonly string[] {
  return [...new Set(placed.flatMap(({ path, within }) => (within === null ? [path] : [path, within])))];
}

/** Where it leads to, if that is out of its directory; null where it stays inside, or may lead anywhere. */
export function leadsOutTo(
  { path, within }: PlacedPath,
  hostPaths: ReadonlyMap<string, HostPathFact>,
): string | null {
  if (within === null) return null;
  const { realPath = path } = hostPaths.get(path) ?? {};
  const root = hostPaths.get(within)?.realPath ?? within;
  return isWithin(realPath, root) ? null : realPath;
}

/** True when `path` is `directory` or lies below it; both plain. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
