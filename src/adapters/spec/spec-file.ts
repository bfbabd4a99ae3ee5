import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, readlinkSync } from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../util/errors.ts";

/** Largest spec file, in bytes. */
export const specSizeLimit = 256 * 1024;

/** One for all: reading is synchronous, and 256 KiB a file would be what a scan spends its time on. */
const buffer = Buffer.allocUnsafe(specSizeLimit + 1);
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Why a file is not read as a spec. */
export type RefusalReason =
  | "NotRegularFile"
  | "SymlinkNotAllowed"
  | "HardLinkNotAllowed"
  | "TooLarge"
  | "OwnerMismatch"
  | "UnsafeMode"
  | "Misplaced"
  | "Unreadable";

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Changes whenever content, owner, mode or identity of a file may have changed. */
export type Signature = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">;

/** What stands at a path at one moment. */
export type FileReading =
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly stats: Stats | undefined }
  | { readonly kind: "text"; readonly text: string; readonly stats: Stats };

/** The signature of a file as of its stat. */
export function signatureOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): Signature {
  return { dev, ino, size, mtimeMs, ctimeMs };
}

/** Whether nothing has happened to a file between two stats. */
export function sameSignature(left: Signature, right: Signature): boolean {
  return (
    left.ino === right.ino &&
    left.mtimeMs === right.mtimeMs &&
    left.ctimeMs === right.ctimeMs &&
    left.size === right.size &&
    left.dev === right.dev
  );
}

/**
 * Reads a spec file through one descriptor, so that what is judged is what is read. `root` is the specs root
 * without symbolic links. Opening follows none in the last component; that there was none before it shows in the
 * path under which the kernel knows the opened file. Synchronous: five calls of some microseconds each.
 */
export function readSpecFile(root: string, path: string): FileReading {
  const full = join(root, path);
  let file: number;
  try {
    // O_NONBLOCK: opening a FIFO must not wait for its other end.
    file = openSync(
      full,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch (error) {
    return openFailure(full, path, error);
  }
  try {
    const stats = fstatSync(file);
    const refusal = refusalOf(path, stats) ?? (knownAs(file) === full ? undefined : displaced(path));
    if (refusal !== undefined) {
      // Removed or moved away since it was opened: not a link, and the next look sees it.
      return stats.nlink === 0 ? { kind: "absent" } : { kind: "refused", refusal, stats };
    }
    const bytes = readAll(file);
    if (bytes.length > specSizeLimit)
      return { kind: "refused", refusal: tooLarge(path, bytes.length), stats };
    try {
      const text = decoder.decode(bytes);
      return { kind: "text", text, stats };
    } catch {
      const message = `${path} is not UTF-8 text: save it as UTF-8`;
      return { kind: "refused", refusal: { reason: "Unreadable", message }, stats };
    }
  } catch (error) {
    return { kind: "refused", refusal: unreadable(path, error), stats: undefined };
  } finally {
    closeSync(file);
  }
}

/** The refusal of a symbolic link at `path`. */
export function symlinkRefusal(path: string): Refusal {
  return {
    reason: "SymlinkNotAllowed",
    message: `${path} is a symbolic link; specs are read only from real files: replace it by the file itself`,
  };
}

/** The refusal of something that could not be read. */
export function unreadable(path: string, error: unknown): Refusal {
  return { reason: "Unreadable", message: `${path} cannot be read: ${messageOf(error)}` };
}

function openFailure(full: string, path: string, error: unknown): FileReading {
  const stats = lstatSync(full, { throwIfNoEntry: false });
  if (stats === undefined) return { kind: "absent" };
  if (stats.isSymbolicLink()) return { kind: "refused", refusal: symlinkRefusal(path), stats };
  const refusal = stats.isFile() ? unreadable(path, error) : notRegular(path);
  return { kind: "refused", refusal, stats };
}

function refusalOf(path: string, stats: Stats): Refusal | undefined {
  if (!stats.isFile()) return notRegular(path);
  if (stats.nlink > 1) {
    const message = `${path} has ${stats.nlink} hard links; a spec must have one name only: copy it (cp) and remove this name`;
    return { reason: "HardLinkNotAllowed", message };
  }
  return stats.size > specSizeLimit ? tooLarge(path, stats.size) : undefined;
}

function notRegular(path: string): Refusal {
  return {
    reason: "NotRegularFile",
    message: `${path} is not a regular file: put the spec there as a plain file, or rename it`,
  };
}

function tooLarge(path: string, bytes: number): Refusal {
  const message = `${path} has ${bytes} bytes; a spec may have ${specSizeLimit} (256Ki) at most: make it smaller or split it`;
  return { reason: "TooLarge", message };
}

function displaced(path: string): Refusal {
  return {
    reason: "SymlinkNotAllowed",
    message: `${path} is reached through a symbolic link; specs are read only from real directories: replace the link by a directory`,
  };
}

function knownAs(file: number): string {
  return readlinkSync(`/proc/self/fd/${file}`);
}

/** The bytes of a file, valid until the next call. */
function readAll(file: number): Buffer {
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(file, buffer, length, buffer.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
