import { basename, dirname, relative, resolve } from "node:path";
import type { CheckedFile } from "../read-specs.ts";
import { readText } from "../spec-files.ts";
import { checkOwners } from "./check-owners.ts";
import { parseCodeOwners } from "./codeowners.ts";

/** Where forges look for the file besides the root of the repository. */
const folders = [".github", ".gitlab", ".gitea", ".forgejo", "docs"];

/**
 * The files with what a CODEOWNERS file has against them; what is wrong in that itself comes first. Throws when it
 * cannot be read.
 */
export async function addOwnerProblems(
  files: readonly CheckedFile[],
  file: string,
  authors: readonly string[],
): Promise<readonly CheckedFile[]> {
  const text = await readText(file);
  const paths = files.map(({ path }) => ({ path, inRepository: relative(rootOf(file), resolve(path)) }));
  const problems = checkOwners({ owners: parseCodeOwners(text, file), file, paths, authors });
  const own = problems.filter((problem) => problem.file === file);
  const checked = files.map((one) => ({
    ...one,
    problems: [...one.problems, ...problems.filter((problem) => problem.file === one.path)],
  }));
  if (own.length === 0) return checked;
  return [{ path: file, text, documents: [], identities: [], named: true, problems: own }, ...checked];
}

function rootOf(file: string): string {
  const directory = dirname(resolve(file));
  return folders.includes(basename(directory)) ? dirname(directory) : directory;
}
