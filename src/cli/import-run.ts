import { convertRunCommand, filesOf } from "../api/run-command/convert-run-command.ts";
import { commandLinePath, parseRunCommand } from "../api/run-command/parse-run-command.ts";
import type { Context } from "./context.ts";
import type { ImportResult } from "./import-result.ts";
import { readText } from "./spec-files.ts";

/** Converts a `docker run` as it would be understood here: with the files, the variables and the directory of this process. */
export async function importRun(
  words: readonly string[],
  allGpus: number,
  { environment }: Context,
): Promise<ImportResult> {
  const command = parseRunCommand(words);
  const paths = command.problems.length > 0 ? [] : filesOf(command);
  const files = new Map<string, string>();
  for (const path of paths) files.set(path, await readText(path));
  const around = { environment, directory: process.cwd(), files, allGpus };
  const { container, problems, notes } = convertRunCommand(command, around);
  return {
    documents: container === null ? [] : [container],
    problems,
    notes,
    sources: [
      { path: commandLinePath, text: command.text },
      ...[...files].map(([path, text]) => ({ path, text })),
    ],
    words: { document: "container", part: "flag" },
  };
}
