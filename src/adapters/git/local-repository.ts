import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { DeniedError } from "../../util/errors.ts";
import { ifMissing, namesIn } from "../if-there.ts";

/** Where anybody may make files and nobody rename another one's, as in /tmp. */
const stickyBit = 0o1000;

/** Group and others may write. */
const writableByOthers = 0o022;

/** What stands there is named after its content, which Git checks. */
const objectFiles = /\/objects\/(?:[0-9a-f]{2}|pack)$/;

/** The path of this host that Git takes a URL for; null: it is another place. */
export function localPathOf(url: string): string | null {
  if (url.startsWith("/")) return url;
  if (!url.startsWith("file:///")) return null;
  try {
    return decodeURIComponent(url.slice("file://".length));
  } catch (error) {
    throw notTrusted(url, "is no path as a URL spells it", error);
  }
}

/**
 * Refuses a repository of this host in which others may change what the controller's user then reads and writes: by a
 * link they would have it write to any file, by the configuration run any program. All that leads there counts, as in
 * sshd's StrictModes. DeniedError RepositoryNotTrusted. `ownUid` beside root's is the controller's.
 */
export async function mustBeTrusted(path: string, ownUid = process.getuid?.() ?? 0): Promise<void> {
  const check = (place: string, stats: Stats): void => mustBeOurs(place, stats, ownUid);
  const names = path.split("/").filter((name) => name !== "");
  const parents = names.map((_, count) => `/${names.slice(0, count).join("/")}`);
  for (const parent of parents) {
    const stats = await statsIfThere(parent);
    if (stats === undefined) return;
    if ((stats.mode & stickyBit) === 0 || stats.uid !== 0) check(parent, stats);
    // Below a file is nothing.
    if (!stats.isDirectory()) return;
  }
  // Git looks for all of these.
  const whole = `/${names.join("/")}`;
  for (const place of [whole, `${whole}.git`]) {
    const stats = await statsIfThere(place);
    if (stats === undefined) continue;
    check(place, stats);
    if (!stats.isDirectory()) throw notTrusted(place, "names another place");
    const nested = join(place, ".git");
    const worktree = await statsIfThere(nested);
    if (worktree === undefined) await checkBelow(place, check);
    else {
      check(nested, worktree);
      if (!worktree.isDirectory()) throw notTrusted(nested, "names another place");
      await checkBelow(nested, check);
    }
  }
}

async function checkBelow(folder: string, check: (place: string, stats: Stats) => void): Promise<void> {
  for (const name of await namesIn(folder)) {
    const place = join(folder, name);
    const stats = await statsIfThere(place);
    if (stats === undefined || (stats.isFile() && objectFiles.test(folder))) continue;
    check(place, stats);
    if (stats.isDirectory()) await checkBelow(place, check);
  }
}

async function statsIfThere(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(ifMissing(undefined));
}

function mustBeOurs(place: string, stats: Stats, ownUid: number): void {
  if (stats.isSymbolicLink()) throw notTrusted(place, "is a symbolic link");
  if (![0, ownUid].includes(stats.uid)) throw notTrusted(place, `belongs to the uid ${stats.uid}`);
  if ((stats.mode & writableByOthers) !== 0) throw notTrusted(place, "can be written by others");
}

function notTrusted(place: string, why: string, cause?: unknown): DeniedError {
  return new DeniedError({
    reason: "RepositoryNotTrusted",
    message: `nothing is pushed to this repository of the host: ${place} ${why}`,
    remedy:
      "an admin names it in sources[].git.url by ssh or https, or lets only root write there (chown -R root, chmod -R go-w)",
    cause,
  });
}
