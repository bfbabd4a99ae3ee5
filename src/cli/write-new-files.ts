import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Ds01Error, messageOf } from "../util/errors.ts";

/** A file to be made: its name in the directory, and its text. */
export interface NewFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Writes files into a directory, which is made if only it is not there; readers see each file whole or not at all.
 * Without `force` a file that exists makes it throw before anything is written. Returns the paths.
 */
export async function writeNewFiles(
  directory: string,
  files: readonly NewFile[],
  force: boolean,
): Promise<readonly string[]> {
  const unfinished: string[] = [];
  try {
    await makeDirectory(directory);
    for (const [index, { text }] of files.entries()) {
      const path = join(directory, `.ds01-import.${process.pid}.${index}.tmp`);
      unfinished.push(path);
      await writeDurably(path, text);
    }
    const paths = files.map(({ name }) => join(directory, name));
    if (force) for (const [index, path] of paths.entries()) await rename(unfinished[index] ?? "", path);
    else await linkAll(unfinished, paths);
    return paths;
  } catch (error) {
    if (error instanceof Ds01Error) throw error;
    throw new Ds01Error({
      reason: "FileUnwritable",
      message: `${directory} cannot be written: ${messageOf(error)}`,
      cause: error,
    });
  } finally {
    for (const path of unfinished) await rm(path, { force: true });
  }
}

/** Not the ones above it: a path that is misspelt further up is not to become a tree of directories. */
async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A link fails where a name is taken, whoever took it and when; what was linked before is taken back. */
async function linkAll(from: readonly string[], to: readonly string[]): Promise<void> {
  const made: string[] = [];
  const taken: string[] = [];
  for (const [index, path] of to.entries()) {
    try {
      await link(from[index] ?? "", path);
      made.push(path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
        for (const one of made) await rm(one, { force: true });
        throw error;
      }
      taken.push(path);
    }
  }
  if (taken.length === 0) return;
  for (const path of made) await rm(path, { force: true });
  throw new Ds01Error({
    reason: "FileExists",
    message: `${taken.join(", ")}: there already; nothing was written`,
    remedy: "Name another directory, or replace what is there: --force.",
  });
}
