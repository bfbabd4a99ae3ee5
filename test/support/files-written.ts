import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Tells which files of the revision of a Git source that is then in effect were written or changed since this was called. */
export function filesWritten(state: string): () => readonly string[] {
  const known = new Set(marksBelow(join(state, "worktrees")).map(([, mark]) => mark));
  return () =>
    marksBelow(join(state, "current/"))
      .flatMap(([path, mark]) => (known.has(mark) ? [] : [path]))
      .toSorted();
}

/** The files below a folder, each with what no other file has and a change does not leave. */
function marksBelow(folder: string): readonly (readonly [path: string, mark: string])[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((path) => {
    const stats = lstatSync(join(folder, path), { bigint: true });
    return stats.isDirectory() ? [] : [[path, `${stats.ino} ${stats.ctimeNs}`] as const];
  });
}
