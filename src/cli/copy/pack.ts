import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Ds01Error } from "../../util/errors.ts";
import { unreadable } from "../spec-files.ts";
import { blockBytes, encodeHeader, paddingAfter } from "./tar-header.ts";
import type { TarEntry } from "./tar-header.ts";

/**
 * A tar archive of a directory, which is called `name` in it. Links are packed as links, so that nothing outside of
 * the directory is read; sockets, pipes and devices are left out and told to `skip`.
 */
export async function* packDirectory(
  path: string,
  name: string,
  skip: (path: string) => void,
): AsyncGenerator<Buffer, void, void> {
  yield* packBelow({ path, name }, skip);
  yield Buffer.alloc(2 * blockBytes);
}

interface Place {
  readonly path: string;
  readonly name: string;
}

async function* packBelow(place: Place, skip: (path: string) => void): AsyncGenerator<Buffer, void, void> {
  const { path, name } = place;
  const stats = await lstat(path).catch((error: unknown) => unreadable(path, error));
  if (stats.isSymbolicLink()) {
    const linkTarget = await readlink(path);
    yield encodeHeader({ ...common(stats), path: name, type: "symlink", linkTarget });
  } else if (stats.isDirectory()) {
    yield encodeHeader({ ...common(stats), path: `${name}/`, type: "directory", linkTarget: "" });
    const names = await readdir(path).catch((error: unknown) => unreadable(path, error));
    for (const entry of names.toSorted()) {
      yield* packBelow({ path: join(path, entry), name: `${name}/${entry}` }, skip);
    }
  } else if (stats.isFile()) yield* packFile(place);
  else skip(path);
}

function common(stats: Stats): Pick<TarEntry, "mode" | "modifiedAt" | "sizeBytes"> {
  return { mode: stats.mode & 0o777, modifiedAt: stats.mtimeMs / 1000, sizeBytes: 0 };
}

async function* packFile({ path, name }: Place): AsyncGenerator<Buffer, void, void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => unreadable(path, error));
  try {
    const stats = await file.stat();
    const sizeBytes = stats.size;
    yield encodeHeader({ ...common(stats), path: name, type: "file", linkTarget: "", sizeBytes });
    let left = sizeBytes;
    while (left > 0) {
      const buffer = Buffer.allocUnsafe(Math.min(left, 256 * 1024));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) {
        throw new Ds01Error({ reason: "FileChanged", message: `${path} became shorter while it was copied` });
      }
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    yield Buffer.alloc(paddingAfter(sizeBytes));
  } finally {
    await file.close();
  }
}
