import { lstat, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ifMissing } from "../if-there.ts";
import { GitFailure } from "./git-failure.ts";

/** All directories that lead to files at `paths`, each after the one above it; the first is the root (empty). */
export function directoriesOf(paths: readonly string[]): readonly string[] {
  const found = new Set([""]);
  for (const path of paths) {
    const missing: string[] = [];
    for (let above = parentOf(path); !found.has(above); above = parentOf(above)) missing.unshift(above);
    for (const directory of missing) found.add(directory);
  }
  return [...found];
}

/**
 * Git takes files behind a link for those of the directory in whose place it is, and leaves alone what has the name of a
 * repository, which no commit can hold: GitFailure where one of `directories` is a link, and the latter is removed.
 */
export async function makePlain(root: string, directories: readonly string[]): Promise<void> {
  const there = new Set<string>();
  for (const path of directories) {
    if (path !== "" && !there.has(parentOf(path))) continue;
    const stats = await lstat(join(root, path)).catch(ifMissing(undefined));
    if (stats?.isSymbolicLink() === true) throw replaced(join(root, path));
    if (stats?.isDirectory() !== true) continue;
    there.add(path);
    await rm(join(root, path, ".git"), { recursive: true, force: true });
  }
}

/** GitFailure where there is none, or a link to one. */
export async function mustBeDirectory(path: string): Promise<void> {
  if (!(await isDirectory(path))) throw replaced(path);
}

/** False where there is none, or a link to one. */
export async function isDirectory(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(ifMissing(undefined));
  return stats?.isDirectory() === true;
}

function replaced(path: string): GitFailure {
  return new GitFailure({ reason: "WorktreeDamaged", message: `${path} is not the directory that was made` });
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === "." ? "" : parent;
}
