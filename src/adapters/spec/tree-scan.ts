import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { symlinkRefusal, unreadable } from "./spec-file.ts";
import type { Refusal, Signature } from "./spec-file.ts";
import { isHiddenName, isSpecName, specFolders } from "./spec-path.ts";

/** All spec files below a root as of one walk. */
export interface TreeScan {
  /** The root without symbolic links, as it was during the walk. */
  readonly realRoot: string;
  /** Identity of root and `users`; another one means that other directories stand there now. */
  readonly identity: string;
  /** Path below the root -> signature of what stands there; undefined when that is not known. */
  readonly files: ReadonlyMap<string, Signature | undefined>;
  /** Directories that are there but could not be read: nothing may be concluded about what is below them. */
  readonly unreadable: ReadonlyMap<string, Refusal>;
  /** Directories that are symbolic links, which are not entered. */
  readonly linkedDirectories: ReadonlyMap<string, Refusal>;
}

/** Longest stretch of walking before other work gets its turn. */
const stretchMs = 8;
const deepest = 32;

/** Walks the tree with one stat a file; throws when root or `users` cannot be read as a whole. */
export async function scanTree(root: string): Promise<TreeScan> {
  const identity = rootIdentity(root);
  const realRoot = realpathSync(root);
  const files = new Map<string, Signature | undefined>();
  const unreadableDirectories = new Map<string, Refusal>();
  const linkedDirectories = new Map<string, Refusal>();
  let stretchEnd = performance.now() + stretchMs;

  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const entry of readDirectory(directory)) {
      if (isHiddenName(entry.name)) continue;
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < deepest) await walk(path, depth + 1);
        continue;
      }
      if (isSpecName(entry.name)) {
        const stats = lstatSync(`${realRoot}/${path}`, { throwIfNoEntry: false });
        if (stats !== undefined) files.set(path, stats);
      } else if (entry.isSymbolicLink() && leadsToDirectory(join(realRoot, path))) {
        linkedDirectories.set(path, symlinkRefusal(path));
      }
      if (performance.now() > stretchEnd) {
        await nextTurn();
        stretchEnd = performance.now() + stretchMs;
      }
    }
  };
  const readDirectory = (directory: string): ReturnType<typeof entriesOf> => {
    try {
      return entriesOf(join(realRoot, directory));
    } catch (error) {
      // Removed since its parent was read, or never there (quotas): what was in it is gone as well.
      if (errorCode(error) === "ENOENT") return [];
      if (directory === "users") throw error;
      unreadableDirectories.set(directory, unreadable(directory, error));
      return [];
    }
  };
  for (const folder of specFolders) await walk(folder, 0);
  if (rootIdentity(root) !== identity) throw new Error(`${root} was replaced while it was read`);
  return { realRoot, identity, files, unreadable: unreadableDirectories, linkedDirectories };
}

/** Whether the file is gone for sure: the directory that held it, or one above, was read and lacks it. */
export function isGone(root: string, path: string): boolean {
  try {
    const identity = rootIdentity(root);
    let directory = realpathSync(root);
    for (const part of path.split("/")) {
      // Asked again: the whole tree may have been moved away meanwhile.
      if (!readdirSync(directory).includes(part)) return rootIdentity(root) === identity;
      directory = join(directory, part);
    }
    return false;
  } catch {
    // What cannot be read proves nothing.
    return false;
  }
}

/** Changes when root or `users` became another directory; throws when one of them is not there. */
export function rootIdentity(root: string): string {
  const users = join(root, "users");
  const stats = [statSync(root), lstatSync(users)];
  if (stats[1]?.isSymbolicLink() === true)
    throw new Error(`${users} is a symbolic link: make it a directory`);
  if (stats.some((stat) => !stat.isDirectory())) throw new Error(`${root} and ${users} must be directories`);
  return stats.map(({ dev, ino }) => `${dev}:${ino}`).join(" ");
}

/** What to tell people when the tree cannot be read as a whole. */
export function unavailableMessage(root: string, error: unknown): string {
  const missing = errorCode(error) === "ENOENT";
  const found = missing
    ? `${root} or its directory users is missing`
    : `${root} cannot be read: ${messageOf(error)}`;
  return `${found}; nothing is changed or removed until it is back${missing ? ` (new here? mkdir -p ${root}/users ${root}/quotas)` : ""}`;
}

function entriesOf(
  path: string,
): readonly { name: string; isDirectory(): boolean; isSymbolicLink(): boolean }[] {
  return readdirSync(path, { withFileTypes: true });
}

function leadsToDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // A dangling link leads nowhere.
    return false;
  }
}
