import type { Stats } from "node:fs";
import { readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { HostPathInfo, HostPaths } from "../../ports/host-paths.ts";
import { errorCode } from "../error-code.ts";

/** The paths of this host. */
export const systemHostPaths: HostPaths = {
  async inspect(path) {
    try {
      return await look(path);
    } catch (error) {
      if (!cannotBeRead.includes(errorCode(error))) throw error;
      return { realPath: path, kind: "Unreadable" };
    }
  },
};

/** No permission (a directory of NFS that root may not enter), a circle of links, a server that is away. */
const cannotBeRead: readonly string[] = [
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
  "EIO",
  "ESTALE",
  "EINVAL",
];

async function look(path: string): Promise<HostPathInfo> {
  try {
    const realPath = await realpath(path);
    return { realPath, kind: kindOf(await stat(realPath)) };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { realPath: await realPathOfMissing(path), kind: "Missing" };
  }
}

function kindOf(stats: Stats): HostPathInfo["kind"] {
  if (stats.isDirectory()) return "Directory";
  if (stats.isFile()) return "File";
  if (stats.isSocket()) return "Socket";
  if (stats.isCharacterDevice()) return "CharDevice";
  return stats.isBlockDevice() ? "BlockDevice" : "Other";
}

/** Where a missing path would stand: every link on the way resolved, also one that leads to nothing yet. */
async function realPathOfMissing(path: string, linksLeft = 40): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  const realParent = await realPathUnlessMissing(parent, linksLeft);
  const here = join(realParent, basename(path));
  const target = await linkTarget(here);
  if (target === undefined) return here;
  if (linksLeft === 0) throw new Error(`${path} goes through too many symbolic links`);
  return realPathUnlessMissing(resolve(realParent, target), linksLeft - 1);
}

async function realPathUnlessMissing(path: string, linksLeft: number): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return realPathOfMissing(path, linksLeft);
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // EINVAL: something stands there that is no link (a file in the place of a directory).
    if (isMissing(error) || errorCode(error) === "EINVAL") return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errorCode(error));
}
