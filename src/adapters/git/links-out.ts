import { readlink, realpath, rm } from "node:fs/promises";
import { join, posix, relative } from "node:path";
import { errorCode } from "../error-code.ts";

/** Links are followed by what builds images and copies files: of those at `paths` none that leads out of `root` stays. */
export async function removeLinksOut(root: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const realRoot = await realpath(root);
  for (const path of paths) {
    if (await leadsOutOf(realRoot, path)) await rm(join(realRoot, path));
  }
}

/** By what is written in it, and by other links that it leads through. */
async function leadsOutOf(root: string, path: string): Promise<boolean> {
  if (leadsOut(path, await readlink(join(root, path)))) return true;
  try {
    const place = relative(root, await realpath(join(root, path)));
    return place === ".." || place.startsWith("../");
  } catch (error) {
    // One that leads nowhere leads nowhere else.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"].includes(errorCode(error))) return false;
    throw error;
  }
}

function leadsOut(path: string, target: string): boolean {
  const place = posix.normalize(posix.join(posix.dirname(path), target));
  return target.startsWith("/") || place === ".." || place.startsWith("../");
}
