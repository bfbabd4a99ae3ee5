import { join } from "node:path";
import type { SourceConfiguration } from "../../api/source-configuration.ts";

/** Where the files of each source stand: name -> the directory that holds `users`. */
export function sourceRoots(
  sources: readonly SourceConfiguration[],
  stateDir: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sources.map(({ name, directory, git }) => [
      name,
      directory?.path ?? join(gitDirectory(stateDir, name), "current", git?.path ?? ""),
    ]),
  );
}

/** What belongs to one Git source: its copy, its revisions and the link to the one in effect. */
export function gitDirectory(stateDir: string, name: string): string {
  return join(stateDir, "sources", name);
}
