import { randomUUID } from "node:crypto";
import { constants, realpathSync } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Identity, SystemUser } from "../../ports/identity.ts";
import type { SpecWriter } from "../../ports/spec-writer.ts";
import { DeniedError, Ds01Error, InvalidError, messageOf } from "../../util/errors.ts";
import { Turns } from "../../util/turns.ts";
import { errorCode } from "../error-code.ts";
import { readSpecFile } from "./spec-file.ts";
import { isSpecPath } from "./spec-path.ts";

export interface SpecWriterOptions {
  /** Name of the source whose root it is. */
  readonly source: string;
  readonly root: string;
  readonly identity: Identity;
}

const directoryOnly = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The file system did not take a spec (full, read-only, no permission). */
export class SpecNotWritable extends Ds01Error {
  constructor(path: string, cause: unknown) {
    super({
      reason: "SpecNotWritable",
      message: `cannot change ${path} in the specs directory: ${messageOf(cause)}`,
      remedy: "see that the specs directory is writable and has space",
      cause,
    });
  }
}

/**
 * Writes spec files for callers of the API. As the tree below the root belongs to users, no name in it is
 * trusted: each directory is opened below the one before (through /proc/self/fd, as openat(2) does) and never
 * through a symbolic link, so that a user who swaps one for a link cannot make us write elsewhere.
 */
export function specWriter(options: SpecWriterOptions): SpecWriter {
  // Between making a directory and giving it away, another write must not fill it: it would stay root's.
  const making = new Turns(1);
  return {
    source: options.source,
    requireWritable: async () => undefined,
    write: async (path, text, ownerName) =>
      change(path, async (parts) => {
        const owner = await options.identity.userByName(ownerName);
        const directory = await making.take(async () =>
          openDirectory(options.root, parts.slice(0, -1), owner),
        );
        try {
          await replaceIn(directory, parts.at(-1) ?? "", text, owner);
        } finally {
          await directory.close();
        }
      }),
    read: async (path) => {
      refuseOtherPaths(path);
      const reading = readSpecFile(realpathSync(options.root), path);
      if (reading.kind === "refused") throw new DeniedError(reading.refusal);
      return reading.kind === "text" ? reading.text : undefined;
    },
    remove: async (path) =>
      change(path, async (parts) => {
        const directory = await openDirectory(options.root, parts.slice(0, -1), undefined, false);
        if (directory === undefined) return;
        try {
          await rm(within(directory, parts.at(-1) ?? ""), { force: true });
          await directory.sync();
        } finally {
          await directory.close();
        }
      }),
  };
}

async function change(path: string, act: (parts: readonly string[]) => Promise<void>): Promise<void> {
  refuseOtherPaths(path);
  try {
    await act(path.split("/"));
  } catch (error) {
    if (error instanceof Ds01Error) throw error;
    if (["ELOOP", "ENOTDIR"].includes(errorCode(error))) {
      throw new DeniedError({
        reason: "SymlinkNotAllowed",
        message: `${path} leads through a symbolic link or something that is no directory`,
        remedy: "replace it by a real directory",
        cause: error,
      });
    }
    throw new SpecNotWritable(path, error);
  }
}

function refuseOtherPaths(path: string): void {
  if (isSpecPath(path) && path.split("/").every((part) => part !== "" && !part.includes("\0"))) return;
  throw new InvalidError({
    reason: "NotASpecPath",
    message: `${JSON.stringify(path)} is not the path of a spec`,
    remedy:
      "use users/USER/NAME.yaml, quotas/NAME.yaml or reservations/NAME.yaml, with no part that begins with a dot, # or ~",
  });
}

/** Opens a directory below the root, making missing ones (owned by `owner` below `users/USER`). */
async function openDirectory(root: string, parts: readonly string[], owner?: SystemUser): Promise<FileHandle>;
async function openDirectory(
  root: string,
  parts: readonly string[],
  owner: undefined,
  create: false,
): Promise<FileHandle | undefined>;
async function openDirectory(
  root: string,
  parts: readonly string[],
  owner?: SystemUser,
  create = true,
): Promise<FileHandle | undefined> {
  let directory = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const [depth, part] of parts.entries()) {
    const parent = directory;
    try {
      const inner = await openWithin(parent, part);
      if (inner === undefined && !create) return undefined;
      directory = inner ?? (await makeWithin(parent, part, depth > 0 ? owner : undefined));
    } finally {
      await parent.close();
    }
  }
  return directory;
}

async function openWithin(parent: FileHandle, name: string): Promise<FileHandle | undefined> {
  try {
    return await open(
      within(parent, name),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function makeWithin(
  parent: FileHandle,
  name: string,
  owner: SystemUser | undefined,
): Promise<FileHandle> {
  try {
    await mkdir(within(parent, name), 0o755);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  const made = await open(within(parent, name), directoryOnly);
  // Given away only if it is ours and empty: its name may have been taken over by another directory meanwhile.
  const isOurs =
    (await made.stat()).uid === process.geteuid?.() && (await readdir(within(made, "."))).length === 0;
  if (isOurs) await giveTo(made, owner);
  await parent.sync();
  return made;
}

async function replaceIn(
  directory: FileHandle,
  name: string,
  text: string,
  owner: SystemUser | undefined,
): Promise<void> {
  const target = within(directory, name);
  const mode = await modeFor(target, owner);
  const unfinished = within(directory, `.${name}.${randomUUID()}.tmp`);
  try {
    const file = await open(
      unfinished,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      mode,
    );
    try {
      await file.writeFile(text);
      await giveTo(file, owner);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, target);
  } catch (error) {
    // What went wrong first is what is told.
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
  await directory.sync();
}

/** The mode of the file that is replaced, without write access for others; a new one is its owner's alone. */
async function modeFor(target: string, owner: SystemUser | undefined): Promise<number> {
  try {
    const stats = await lstat(target);
    if (stats.isSymbolicLink()) throw Object.assign(new Error("it is a symbolic link"), { code: "ELOOP" });
    return stats.mode & 0o755;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    // Where we cannot give the file away, its user must be able to read it all the same.
    return canGiveAway() && owner !== undefined ? 0o600 : 0o644;
  }
}

async function giveTo(file: FileHandle, owner: SystemUser | undefined): Promise<void> {
  if (owner !== undefined && canGiveAway()) await file.chown(owner.uid, owner.gid);
}

function canGiveAway(): boolean {
  return process.getuid?.() === 0;
}

function within(directory: FileHandle, name: string): string {
  return join("/proc/self/fd", String(directory.fd), name);
}
