import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, posix, resolve } from "node:path";
import { Ds01Error, NotFoundError } from "../../util/errors.ts";
import { requireSuccess, runScript } from "../remote-command.ts";
import type { RemotePlace } from "../remote-command.ts";
import { unreadable } from "../spec-files.ts";
import { packDirectory } from "./pack.ts";

/** What stands at path $1 and above it at $2, and whether there is a tar. */
const lookScript = `
if [ -d "$1" ]; then echo directory
elif [ -e "$1" ] || [ -L "$1" ]; then echo file
elif [ -d "$2" ]; then echo missing
else echo nowhere; fi
command -v tar >/dev/null 2>&1 && echo tar
exit 0`;

/**
 * Writes standard input to file $1, of which $2 bytes must come, with mode $3. It is written beside it and put in its
 * place whole, also because it may be the very file that is being read here, by way of a mount.
 */
const writeScript = `
new="$1.ds01-$$"
if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; } || ! ( set -C; : >"$new" ) 2>/dev/null; then
  cat >"$1"; exit $?
fi
trap 'rm -f "$new"' EXIT
cat >"$new" || exit 1
if [ "$(($(wc -c <"$new")))" -ne "$2" ]; then echo "only a part has come" >&2; exit 1; fi
chmod "$3" "$new" || exit 1
mv -f "$new" "$1" 2>/dev/null || cat "$new" >"$1"`;

/** Copies a file or directory from here into a container, with the rights of the container's user. */
export async function copyIn(
  from: string,
  place: RemotePlace,
  to: string,
  skip: (path: string) => void,
): Promise<void> {
  const stats = await stat(from).catch((error: unknown) => unreadable(from, error));
  const look = await runScript(place, { script: lookScript, values: [to, posix.dirname(to)] });
  requireSuccess(`${to} cannot be looked at`, look);
  const [found = "nowhere", tar] = look.stdout.trim().split("\n");
  const path = found === "directory" ? posix.join(to, basename(resolve(from))) : to;
  if (found === "nowhere") {
    throw new NotFoundError({
      reason: "NoSuchDirectory",
      message: `${posix.dirname(to)} is no directory in the container, or not one that its user may enter`,
    });
  }
  if (!stats.isDirectory()) return writeRemoteFile(from, place, path);
  if (found === "file") throw failure(`${to} is a file in the container, and ${from} is a directory`);
  if (tar !== "tar") {
    throw failure(
      "the image has no tar, which directories need",
      "Copy the files one by one, or mount the directory.",
    );
  }
  const archive = packDirectory(from, posix.basename(path), skip);
  const script = 'exec tar -C "$1" -xf -';
  const values = [posix.dirname(path)];
  requireSuccess(`${from} was not copied as a whole`, await runScript(place, { script, values }, archive));
}

/** Copies one file to exactly that path. */
export async function writeRemoteFile(from: string, place: RemotePlace, path: string): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(from, flags).catch((error: unknown) => unreadable(from, error));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw failure(`${from} is neither a file nor a directory`);
    const values = [path, String(stats.size), (stats.mode & 0o111) === 0 ? "644" : "755"];
    const result = await runScript(place, { script: writeScript, values }, contentOf(file, stats.size));
    requireSuccess(`${path} cannot be written in the container`, result);
  } finally {
    await file.close();
  }
}

async function* contentOf(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer, void, void> {
  let left = sizeBytes;
  while (left > 0) {
    const buffer = Buffer.allocUnsafe(Math.min(left, 256 * 1024));
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function failure(message: string, remedy?: string): Ds01Error {
  return new Ds01Error({ reason: "CopyFailed", message, ...(remedy === undefined ? {} : { remedy }) });
}
