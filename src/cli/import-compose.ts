import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { convertCompose } from "../api/compose/convert-compose.ts";
import { readDotenv } from "../api/compose/dotenv.ts";
import type { Problem } from "../api/problem.ts";
import type { SourceText } from "../api/yaml-source.ts";
import type { Context } from "./context.ts";
import type { ImportResult } from "./import-result.ts";
import { readSpecTexts, readText, unreadable } from "./spec-files.ts";

/** What a person asked for beside the file. */
export interface ComposeWishes {
  readonly services: readonly string[];
  readonly profiles: readonly string[];
  /** `.env` beside the file where none is named. */
  readonly variableFiles: readonly string[];
  readonly allGpus: number;
}

/** Converts a compose file as Compose would understand it here: with the variables and files of this place. */
export async function importCompose(
  path: string,
  { services, profiles, variableFiles, allGpus }: ComposeWishes,
  { environment, stdin }: Context,
): Promise<ImportResult> {
  const [read] = path === "-" ? await readSpecTexts(["-"], stdin) : [{ path, text: await readText(path) }];
  const file = read ?? { path, text: "" };
  const directory = path === "-" ? process.cwd() : dirname(resolve(path));
  const variables = await readVariables(variableFiles, directory);
  const { entries, problems } = parseVariables(variables, environment);
  const lookup = (name: string): string | undefined => environment[name] ?? entries.get(name);
  const files = new Map<string, string | null>();
  const around = { file, directory, home: environment["HOME"], lookup, services, profiles, allGpus };
  let conversion = convertCompose({ ...around, files });
  while (conversion.missing.length > 0) {
    for (const missing of conversion.missing) files.set(missing, await readIfThere(missing));
    conversion = convertCompose({ ...around, files });
  }
  const others = [...files].map(([other, text]) => ({ path: other, text: text ?? "" }));
  return {
    documents: problems.length > 0 ? [] : conversion.containers,
    problems: [...problems, ...conversion.problems],
    notes: conversion.notes,
    sources: [file, ...variables, ...others],
    words: { document: "container", part: "key" },
  };
}

async function readVariables(named: readonly string[], directory: string): Promise<readonly SourceText[]> {
  if (named.length > 0) return Promise.all(named.map(async (path) => ({ path, text: await readText(path) })));
  const path = join(directory, ".env");
  const text = await readIfThere(path);
  return text === null ? [] : [{ path, text }];
}

/** Of several files the last one counts. */
function parseVariables(
  files: readonly SourceText[],
  environment: Context["environment"],
): { readonly entries: ReadonlyMap<string, string>; readonly problems: readonly Problem[] } {
  const entries = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { path, text } of files) {
    const read = readDotenv(text, (name) => environment[name] ?? entries.get(name));
    for (const { name, value } of read.entries) if (value !== null) entries.set(name, value);
    for (const { line, message } of read.faults) {
      problems.push({ file: path, position: { line, column: 1 }, length: 0, field: "", message });
    }
  }
  return { entries, problems };
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return unreadable(path, error);
  });
}
