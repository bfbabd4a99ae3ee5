import type { GitRepository } from "./git-repository.ts";
import { directoriesOf, makePlain } from "./plain-directories.ts";
import { checkedOut, type Revision } from "./revision.ts";
import type { TreeEntry } from "./tree-entry.ts";
import type { Fill } from "./worktrees.ts";

/** The copy that files are taken from, and what ends that. */
interface Copy {
  readonly repository: GitRepository;
  readonly signal: AbortSignal;
}

/** Writes out what of a revision is taken; `entries` are all that its commit has. */
export function fillingOf(
  { commit, path }: Revision,
  entries: readonly TreeEntry[],
  { repository, signal }: Copy,
): Fill {
  const below = path === "" ? "" : `${path}/`;
  const taken = new Set(checkedOut(entries));
  const pathsOf = (some: readonly TreeEntry[]): readonly string[] =>
    some.map((entry) => `${below}${entry.path}`);
  const leftOut = pathsOf(entries.filter((entry) => !taken.has(entry)));
  const links = pathsOf([...taken].filter(({ type }) => type === "symlink"));
  const directories = directoriesOf(pathsOf([...taken]));
  return async (draft) => {
    await makePlain(draft.directory, directories);
    await repository.checkOut({ commit, path, leftOut, ...draft }, signal);
    return links;
  };
}
