import { createHash } from "node:crypto";
import { lstat, realpath } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import type { BuildContexts, ContextRequest, OpenedContext } from "../../ports/build-contexts.ts";
import type { Identity } from "../../ports/identity.ts";
import { formatBytes } from "../../util/quantity.ts";
import { StalledError } from "../../util/errors.ts";
import { changed, walkContext, type ContextEntry } from "./context-walk.ts";
import { readDockerfile } from "./dockerfile.ts";
import type { Reader } from "./reader.ts";

export interface ContextFilesOptions {
  /** Where the paths of spec files of a source begin; may be a link, which is followed anew for each request. */
  readonly rootOf: (source: string) => string;
  readonly identity: Pick<Identity, "userByName">;
  readonly maximumBytes: number;
  readonly maximumEntries: number;
}

interface ReadOptions {
  readonly into: Pack | null;
  readonly signal: AbortSignal | undefined;
  /** Null: it may be any. */
  readonly dockerfileHash: string | null;
}

type Pack = ReturnType<typeof pack>;

/** The contexts below a specs directory. */
export function contextFiles(options: ContextFilesOptions): BuildContexts {
  /** The namespace's account where there is one, else that of the spec file: with trust: path most have none. */
  async function readerFor(root: string, { namespace, specPath }: ContextRequest): Promise<Reader> {
    const user = await options.identity.userByName(namespace);
    if (user !== undefined) return user;
    const { uid, gid } = await lstat(join(root, specPath));
    return { uid, gid };
  }

  async function* entries(
    request: ContextRequest,
    opensFiles: boolean,
  ): AsyncGenerator<ContextEntry, void, void> {
    const given = options.rootOf(request.source);
    // That it is missing is told by the walk.
    const root = await realpath(given).catch(() => given);
    const context = posix.normalize(posix.join(dirname(request.specPath), request.context));
    const parts = context.split("/").filter((part) => part !== "" && part !== ".");
    const own = posix.relative(parts.join("/"), request.specPath);
    yield* walkContext({
      root,
      parts,
      dockerfile: posix.normalize(request.dockerfile),
      // An edit of the spec is no change of what is built.
      leftOut: own.startsWith("../") ? [] : [own],
      reader: await readerFor(root, request),
      maximumEntries: options.maximumEntries,
      opensFiles,
    });
  }

  async function read(
    request: ContextRequest,
    { into, signal, dockerfileHash }: ReadOptions,
  ): Promise<string> {
    const dockerfile = posix.normalize(request.dockerfile);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const entry of entries(request, true)) {
      signal?.throwIfAborted();
      const { path, type, stats, target, file } = entry;
      bytes += stats.size;
      hash.update(JSON.stringify([path, type, stats.mode & 0o777, target]));
      try {
        if (bytes > options.maximumBytes) throw tooLarge(options.maximumBytes);
        const content = file === null ? null : await addFile(entry, into, signal);
        const isOther = dockerfileHash !== null && content?.toString("hex") !== dockerfileHash;
        if (isOther && path === dockerfile) throw changed(`${path} was changed while it was read`);
        if (content !== null) hash.update(content);
        else if (into !== null) await addBare(entry, into);
      } finally {
        await file?.close();
      }
    }
    return hash.digest("hex");
  }

  return {
    signature: async (request, signal) => {
      const hash = createHash("sha256");
      for await (const { path, stats, target } of entries(request, false)) {
        signal?.throwIfAborted();
        const { ino, size, mtimeMs, ctimeMs, mode } = stats;
        hash.update(JSON.stringify([path, ino, size, mtimeMs, ctimeMs, mode, target]));
      }
      return hash.digest("hex");
    },
    hash: (request, signal) => read(request, { into: null, signal, dockerfileHash: null }),
    dockerfile: async (request, signal) => readDockerfile(request.dockerfile, entries(request, true), signal),
    open: (request, dockerfileHash, signal): OpenedContext => {
      const tar = pack();
      const hash = read(request, { into: tar, signal, dockerfileHash }).then(
        (found) => {
          tar.finalize();
          return found;
        },
        (error: unknown) => {
          tar.destroy(error instanceof Error ? error : new Error(String(error)));
          throw error;
        },
      );
      // Whoever reads the stream hears of it too.
      hash.catch(() => undefined);
      return { tar: Readable.from(tar), hash };
    },
  };
}

/** Packs a file as it is now and returns the hash of its content. */
async function addFile(
  { path, stats, file }: ContextEntry,
  into: Pack | null,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const hash = createHash("sha256");
  const packed =
    into === null
      ? null
      : packedEntry(into, { name: path, type: "file", ...header(stats), size: stats.size });
  let left = stats.size;
  if (left > 0) {
    for await (const piece of file?.createReadStream({ autoClose: false, start: 0 }) ?? []) {
      signal?.throwIfAborted();
      // It may have grown since its size was told.
      const part = (piece as Buffer).subarray(0, left);
      left -= part.length;
      hash.update(part);
      if (packed?.entry.write(part) === false) await drained(packed);
      if (left === 0) break;
    }
  }
  if (left > 0) throw changed(`${path} became shorter while it was read`);
  packed?.entry.end(null);
  await packed?.done;
  return hash.digest();
}

async function addBare({ path, type, stats, target }: ContextEntry, into: Pack): Promise<void> {
  const name = type === "directory" ? `${path}/` : path;
  const link = type === "symlink" ? { linkname: target } : {};
  await packedEntry(into, { name, type, ...header(stats), ...link }).done;
}

interface PackedEntry {
  readonly entry: ReturnType<Pack["entry"]>;
  readonly done: Promise<void>;
}

function noReader(): Error {
  return new Error("nobody reads the files any more");
}

/** An entry, and when it is in the archive; rejects when nobody reads that any more. */
function packedEntry(into: Pack, head: Parameters<Pack["entry"]>[0]): PackedEntry {
  if (into.destroyed) throw noReader();
  const { promise: done, resolve, reject } = deferred();
  const gone = (): void => reject(noReader());
  into.once("close", gone);
  const entry = into.entry(head, (error) => {
    into.off("close", gone);
    if (error) reject(noReader());
    else resolve();
  });
  // Whoever fills the entry may have failed before waiting for it.
  done.catch(() => undefined);
  return { entry, done };
}

function deferred(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
} {
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: () => settle?.resolve(),
    reject: (error) => settle?.reject(error),
  };
}

function header({ mode, mtime }: ContextEntry["stats"]): { readonly mode: number; readonly mtime: Date } {
  return { mode: mode & 0o777, mtime };
}

/** Also ends when the reader goes away, or has gone away before: then no "drain" comes any more. */
async function drained({ entry, done }: PackedEntry): Promise<void> {
  const drain = new Promise<void>((resolve) => void entry.once("drain", () => resolve()));
  await Promise.race([drain, done]);
}

function tooLarge(maximumBytes: number): StalledError {
  return new StalledError({
    reason: "ContextTooLarge",
    message: `what is built from is larger than ${formatBytes(maximumBytes)}`,
    remedy:
      "name what is not needed in .dockerignore, mount data with spec.volumes, or ask an admin (builds.contextSize)",
  });
}
