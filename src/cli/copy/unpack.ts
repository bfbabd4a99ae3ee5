import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { copyFile, lstat, mkdir, open, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Ds01Error } from "../../util/errors.ts";
import { readTar } from "./read-tar.ts";
import type { ReadEntry } from "./read-tar.ts";
import type { TarEntry } from "./tar-header.ts";

/**
 * Unpacks an archive that comes from a container below a directory, which is there. The container may have been
 * taken over, so nothing is written outside: paths with `..` end it, no link is followed, links are made last and only
 * where they stay inside, and owners, devices and setuid bits are not taken over. `skip` is told what was left out.
 */
export async function unpackBelow(
  directory: string,
  archive: AsyncIterable<Buffer>,
  skip: (path: string, why: string) => void,
): Promise<void> {
  const links: TarEntry[] = [];
  for await (const entry of readTar(archive)) {
    const parts = partsOf(entry.path);
    if (parts.length === 0) continue;
    if (entry.type === "directory") await makeDirectories(directory, parts, entry.mode);
    else if (entry.type === "file") await writeFile(await placeFor(directory, parts), entry);
    else if (entry.type === "hardlink") await copyLinked(directory, parts, entry);
    else if (entry.type === "symlink") links.push(entry);
    else skip(entry.path, "it is no file, directory or link");
  }
  for (const link of links) {
    const parts = partsOf(link.path);
    if (staysInside(parts, link.linkTarget))
      await makeLink(await placeFor(directory, parts), link.linkTarget);
    else skip(link.path, `it is a link to ${link.linkTarget}, outside of what is copied`);
  }
}

/** Names on the way to an entry; throws for a path that could lead elsewhere. */
function partsOf(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || parts.includes("..") || path.includes("\0")) {
    throw unsafe(`the archive has a path that leads outside: ${path}`);
  }
  return parts;
}

/**
 * Only `..` at the beginning of a target is where it seems to be: behind a name that is a link it would be counted
 * from elsewhere.
 */
function staysInside(parts: readonly string[], target: string): boolean {
  if (target === "" || target.startsWith("/")) return false;
  const words = target.split("/").filter((word) => word !== "" && word !== ".");
  const ups = words.findIndex((word) => word !== "..");
  const leading = ups < 0 ? words.length : ups;
  return leading < parts.length && !words.slice(leading).includes("..");
}

/** Where an entry goes; the directories above it are made, and are none but directories. */
async function placeFor(directory: string, parts: readonly string[]): Promise<string> {
  await makeDirectories(directory, parts.slice(0, -1), 0o755);
  return join(directory, ...parts);
}

async function makeDirectories(directory: string, parts: readonly string[], mode: number): Promise<void> {
  let path = directory;
  for (const part of parts) {
    path = join(path, part);
    const found = await lookAt(path);
    if (found === undefined) await mkdir(path, { mode: mode | 0o700 });
    else if (!found.isDirectory()) throw unsafe(`${path} is in the way: it is no directory`);
  }
}

async function lookAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function writeFile(path: string, entry: ReadEntry): Promise<void> {
  const found = await lookAt(path);
  if (found !== undefined && !found.isFile()) throw unsafe(`${path} is in the way: it is no file`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const file = await open(path, flags, entry.mode);
  try {
    for await (const piece of entry.content) await file.writeFile(piece);
  } finally {
    await file.close();
  }
  await utimes(path, entry.modifiedAt, entry.modifiedAt);
}

/** A second name of a file becomes a copy of it. */
async function copyLinked(directory: string, parts: readonly string[], entry: TarEntry): Promise<void> {
  const original = partsOf(entry.linkTarget);
  const from = await placeFor(directory, original);
  const found = await lookAt(from);
  if (original.length === 0 || found === undefined || !found.isFile()) {
    throw unsafe(`${entry.path} is said to be the same file as ${entry.linkTarget}, which is none`);
  }
  const to = await placeFor(directory, parts);
  const there = await lookAt(to);
  if (there !== undefined && !there.isFile()) throw unsafe(`${to} is in the way: it is no file`);
  if (from !== to) await copyFile(from, to);
}

async function makeLink(path: string, target: string): Promise<void> {
  const found = await lookAt(path);
  if (found !== undefined && !found.isSymbolicLink()) throw unsafe(`${path} is in the way: it is no link`);
  if (found !== undefined) await rm(path);
  await symlink(target, path);
}

function unsafe(message: string): Ds01Error {
  return new Ds01Error({ reason: "UnsafeArchive", message });
}
