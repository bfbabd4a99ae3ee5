import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Ds01Error, messageOf, NotFoundError } from "../util/errors.ts";
import type { InputStream } from "./context.ts";
import { UsageError } from "./usage-error.ts";

/** A text that may hold specs, under the name a person knows it by. */
export interface SpecText {
  readonly path: string;
  readonly text: string;
}

/** Reads files, the spec files below directories, and standard input for `-`; throws when one cannot be read. */
export async function readSpecTexts(
  paths: readonly string[],
  stdin: InputStream,
): Promise<readonly SpecText[]> {
  if (paths.filter((path) => path === "-").length > 1)
    throw new UsageError("standard input (-) can be read once");
  const texts: SpecText[] = [];
  for (const path of paths) {
    if (path === "-") texts.push({ path: "stdin", text: await readAll(stdin) });
    else for (const file of await filesBelow(path)) texts.push({ path: file, text: await readText(file) });
  }
  return texts;
}

async function filesBelow(path: string): Promise<readonly string[]> {
  if (!(await isDirectory(path))) return [path];
  const files = await specFilesIn(path);
  if (files.length === 0) throw new UsageError(`no spec file (.yaml, .yml, .json) below ${path}`);
  return files;
}

async function specFilesIn(directory: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) =>
    unreadable(directory, error),
  );
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (/^[.#~]/.test(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await specFilesIn(path)));
    else if (/\.(?:ya?ml|json)$/.test(entry.name)) files.push(path);
  }
  return files;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => unreadable(path, error),
  );
}

/** The text of one file; throws with the path when it cannot be read. */
export async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => unreadable(path, error));
}

async function readAll(stdin: InputStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array | string));
  return Buffer.concat(chunks).toString("utf8");
}

/** Throws what a person should read about a path that could not be read. */
export function unreadable(path: string, cause: unknown): never {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
    throw new NotFoundError({
      reason: "FileNotFound",
      message: `${path}: there is no such file or directory`,
      cause,
    });
  }
  throw new Ds01Error({
    reason: "FileUnreadable",
    message: `${path} cannot be read: ${messageOf(cause)}`,
    cause,
  });
}
