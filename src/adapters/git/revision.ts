import type { RefusedFile } from "../../ports/spec-source.ts";
import { GitFailure } from "./git-failure.ts";
import type { GitSettings } from "./git-settings.ts";
import type { SignedOrder } from "./signed-order.ts";
import { specSizeLimit, symlinkRefusal } from "../spec/spec-file.ts";
import { isHiddenName, isSpecPath, placeOf, specFolders } from "../spec/spec-path.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** More files than this no tree of specs has. */
const maximumEntries = 100_000;

/** A spec file of a revision. */
export interface RevisionFile {
  readonly path: string;
  /** Git's id of its content. */
  readonly id: string;
  /** The commit at which this content was seen first. */
  readonly revision: string;
}

/** A commit as it is taken: its specs, and what of it is not taken. */
export interface Revision {
  readonly commit: string;
  /** The directory of the repository that it is of; empty: the root. */
  readonly path: string;
  /** When it came into effect, in milliseconds since the epoch. */
  readonly appliedAt: number;
  /** Whose good signature it carries; absent: none was asked for. */
  readonly signer?: string | undefined;
  /** Absent: no signature was asked for, or by a version that kept no order. */
  readonly order?: SignedOrder | undefined;
  readonly files: readonly RevisionFile[];
  readonly refused: readonly RefusedFile[];
}

/**
 * What a commit's tree means. `before` is the revision in effect, from which files that are the same keep their
 * revision. GitFailure for one that must be an accident or does not fit.
 */
export function revisionOf(
  commit: string,
  entries: readonly TreeEntry[],
  {
    before,
    appliedAt,
    ...settings
  }: Pick<GitSettings, "path" | "allowEmpty" | "maximumBytes"> & {
    readonly before: Revision | null;
    readonly appliedAt: number;
  },
): Revision {
  refuseTooLarge(entries, settings.maximumBytes);
  const known = new Map(before?.files.map((file) => [file.path, file]));
  const files: RevisionFile[] = [];
  const refused: RefusedFile[] = [];
  for (const entry of entries) {
    const refusal = refusalOf(entry);
    if (refusal !== undefined) refused.push({ path: entry.path, ...refusal });
    else if (entry.type === "file" && isSpecPath(entry.path)) {
      const { path, id } = entry;
      const same = known.get(path);
      files.push({ path, id, revision: same?.id === id ? same.revision : commit });
    }
  }
  if (files.length + refused.length === 0 && !settings.allowEmpty) throw empty(settings.path);
  return { commit, path: settings.path, appliedAt, files, refused };
}

/** Entries that are written to disk: what builds and copies find beside the specs, too. */
export function checkedOut(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  return entries.filter(
    (entry) => entry.type !== "submodule" && !(isSpecPath(entry.path) && refusalOf(entry) !== undefined),
  );
}

function refusalOf(entry: TreeEntry): Omit<RefusedFile, "path"> | undefined {
  const { path, type, size } = entry;
  const parts = path.split("/");
  if (!specFolders.includes(parts[0] ?? "") || parts.some(isHiddenName)) return undefined;
  if (type === "submodule") {
    const message = `${path} is a submodule, which is not fetched: put the files themselves into the repository`;
    return { reason: "SubmoduleNotAllowed", message };
  }
  // In the place of a directory of specs it hides all that was there.
  if (type === "symlink" && (parts.length === 1 || (parts.length === 2 && parts[0] === "users"))) {
    return symlinkRefusal(path);
  }
  if (!isSpecPath(path)) return undefined;
  if (placeOf(path).kind === "misplaced") {
    const message = `${path} belongs to no user: move it to users/USER/, where USER is who the container is for`;
    return { reason: "Misplaced", message };
  }
  if (type === "symlink") return symlinkRefusal(path);
  if (size <= specSizeLimit) return undefined;
  const message = `${path} has ${size} bytes; a spec may have ${specSizeLimit} (256Ki) at most: make it smaller or split it`;
  return { reason: "TooLarge", message };
}

function refuseTooLarge(entries: readonly TreeEntry[], maximumBytes: number): void {
  const bytes = checkedOut(entries).reduce((sum, { size }) => sum + size, 0);
  if (bytes <= maximumBytes && entries.length <= maximumEntries) return;
  const largest = entries.toSorted((one, other) => other.size - one.size)[0];
  throw new GitFailure({
    reason: "RevisionTooLarge",
    message: `the revision has ${bytes} bytes in ${entries.length} ${entries.length === 1 ? "file" : "files"}; ${maximumBytes} bytes and ${maximumEntries} files are allowed (largest: ${largest?.path ?? "none"}, ${largest?.size ?? 0} bytes)`,
    remedy: "keep data out of the repository, or raise sources[].git.maximumSize",
  });
}

function empty(path: string): GitFailure {
  const where = path === "" ? "the repository" : path;
  return new GitFailure({
    reason: "RevisionEmpty",
    message: `the revision has no spec file below users, quotas and reservations of ${where}; nothing is removed`,
    remedy: "bring the files back, or say that it is meant: sources[].git.allowEmpty",
  });
}
