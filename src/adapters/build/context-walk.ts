import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, readlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import dockerignore from "@balena/dockerignore";
import { StalledError } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { ifMissing } from "../if-there.ts";
import { mayRead, type Reader } from "./reader.ts";

/** One file, directory or link of a context; `path` is below the context. */
export interface ContextEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly stats: Stats;
  /** Where a link leads, as it is written; the image resolves it, nobody here. */
  readonly target: string;
  /** Of a file, closed by whoever asked for the entries. */
  readonly file: FileHandle | null;
}

export interface WalkOptions {
  /** Directory that is trusted, links resolved. */
  readonly root: string;
  /** Below the root, part by part. */
  readonly parts: readonly string[];
  readonly dockerfile: string;
  /** Paths below the context that are left out whatever .dockerignore says. */
  readonly leftOut: readonly string[];
  readonly reader: Reader;
  readonly maximumEntries: number;
  /** False: files are not opened. */
  readonly opensFiles: boolean;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;

/**
 * Everything of a context that .dockerignore leaves, in an order that depends on names alone. It goes from one opened
 * directory to the next, so that no link and no rename on the way leads anywhere else; links are entries and are never
 * followed. What the reader may not read is refused, not left out. Neither files nor links: left out, as Docker does.
 * StalledError ContextChanged where the directory has another name, or none, once all of it was read.
 */
export async function* walkContext(options: WalkOptions): AsyncGenerator<ContextEntry, void, void> {
  const { root, parts, dockerfile, leftOut, reader } = options;
  const top = await openContext(root, parts, reader);
  try {
    const isIgnored = await ignoredBy(top, reader);
    const always = new Set([dockerfile.replace(/^(?:\.\/)+/, ""), ".dockerignore"]);
    const isLeftOut = (path: string): boolean =>
      leftOut.includes(path) || (!always.has(path) && isIgnored(path));
    let count = 0;
    for await (const entry of walk(top, "", { ...options, isLeftOut })) {
      count += 1;
      if (count > options.maximumEntries) {
        await entry.file?.close();
        throw tooMany(options.maximumEntries);
      }
      yield entry;
    }
    await mustStandAt(top, join(root, ...parts));
  } catch (error) {
    await mustStandAt(top, join(root, ...parts));
    throw error;
  } finally {
    await top.close();
  }
}

async function* walk(
  directory: FileHandle,
  below: string,
  options: WalkOptions & { readonly isLeftOut: (path: string) => boolean },
): AsyncGenerator<ContextEntry, void, void> {
  const names = await readdir(here(directory));
  for (const name of names.toSorted()) {
    const path = below === "" ? name : `${below}/${name}`;
    const stats = await lstat(`${here(directory)}/${name}`).catch(ifMissing(undefined));
    if (stats === undefined) continue;
    if (stats.isDirectory()) {
      // Something in it may be taken back by a "!".
      yield* walkDirectory(directory, { name, path, stats }, options);
    } else if (!options.isLeftOut(path)) {
      const entry = await entryOf(directory, { name, path, stats }, options);
      if (entry !== null) yield entry;
    }
  }
}

interface Named {
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
}

async function* walkDirectory(
  parent: FileHandle,
  { name, path, stats }: Named,
  options: WalkOptions & { readonly isLeftOut: (path: string) => boolean },
): AsyncGenerator<ContextEntry, void, void> {
  const isLeftOut = options.isLeftOut(path);
  // Nobody asks for the rights to what is not used.
  if (isLeftOut && !mayRead(stats, options.reader)) return;
  const child = await openDirectory(`${here(parent)}/${name}`, path, options.reader);
  try {
    if (!isLeftOut) yield { path, type: "directory", stats, target: "", file: null };
    yield* walk(child, path, options);
  } finally {
    await child.close();
  }
}

async function entryOf(
  directory: FileHandle,
  { name, path, stats }: Named,
  { reader, opensFiles }: WalkOptions,
): Promise<ContextEntry | null> {
  const full = `${here(directory)}/${name}`;
  if (stats.isSymbolicLink()) {
    return { path, type: "symlink", stats, target: await readlink(full), file: null };
  }
  if (!stats.isFile()) return null;
  if (!opensFiles) return { path, type: "file", stats, target: "", file: null };
  const file = await open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY).catch((error: unknown) => {
    throw notReadable(path, errorCode(error));
  });
  const opened = await file.stat();
  if (opened.isFile() && mayRead(opened, reader))
    return { path, type: "file", stats: opened, target: "", file };
  await file.close();
  throw notReadable(path, "the owner of the spec may not read it");
}

async function openContext(root: string, parts: readonly string[], reader: Reader): Promise<FileHandle> {
  let directory = await open(root, O_RDONLY | O_DIRECTORY);
  for (const [index, part] of parts.entries()) {
    const path = parts.slice(0, index + 1).join("/");
    const isLast = index === parts.length - 1;
    const parent = directory;
    try {
      directory = await openDirectory(`${here(parent)}/${part}`, path, isLast ? reader : null);
    } finally {
      await parent.close();
    }
  }
  return directory;
}

async function openDirectory(full: string, path: string, reader: Reader): Promise<FileHandle> {
  const directory = await open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error: unknown) => {
    const code = errorCode(error);
    throw code === "ENOENT" ? missing(path) : notReadable(path, whyNoDirectory(code));
  });
  const stats = await directory.stat();
  if (mayRead(stats, reader)) return directory;
  await directory.close();
  throw notReadable(path, "the owner of the spec may not read it");
}

function whyNoDirectory(code: string): string {
  return code === "ELOOP" || code === "ENOTDIR" ? "it is a symbolic link or no directory" : code;
}

async function ignoredBy(top: FileHandle, reader: Reader): Promise<(path: string) => boolean> {
  const path = `${here(top)}/.dockerignore`;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(ifMissing(undefined));
  if (file === undefined) return () => false;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || !mayRead(stats, reader)) {
      throw notReadable(".dockerignore", "the owner of the spec may not read it");
    }
    const rules = dockerignore().add((await file.readFile("utf8")).split(/\r?\n/));
    return (one) => rules.ignores(one);
  } finally {
    await file.close();
  }
}

/** Through the descriptor: whatever its name has become, this is the directory that was judged. */
function here(directory: FileHandle): string {
  return `/proc/self/fd/${directory.fd}`;
}

/** Files of a source that are out of use under their name become others in place: what was read may be of both. */
async function mustStandAt(directory: FileHandle, path: string): Promise<void> {
  if ((await readlink(here(directory))) !== path)
    throw changed("the directory was replaced or removed while it was read");
}

/** What was read is not what was there at any one time. */
export function changed(message: string): StalledError {
  return new StalledError({
    reason: "ContextChanged",
    message,
    remedy: "it is read again; let nothing write to what is built from",
  });
}

function missing(path: string): StalledError {
  return new StalledError({
    reason: "ContextMissing",
    message: `there is no directory ${path} to build from`,
    remedy: "create it beside the spec, or correct spec.build.context",
  });
}

function notReadable(path: string, why: string): StalledError {
  return new StalledError({
    reason: "ContextUnreadable",
    message: `${path} cannot be built from: ${why}`,
    remedy: "let the owner of the spec read it, replace links to directories, or name it in .dockerignore",
  });
}

function tooMany(maximum: number): StalledError {
  return new StalledError({
    reason: "ContextTooLarge",
    message: `there are more than ${maximum} files to build from`,
    remedy: "name what is not needed in .dockerignore, or move it elsewhere",
  });
}
