import type { OwnerAccount } from "../core/account/owner-account.ts";

/** What is to be copied, and as whose it appears. */
export interface ArchiveRequest {
  readonly path: string;
  /** Absolute path that it has in the archive. */
  readonly to: string;
  /** Owner of all files in the archive. */
  readonly as: { readonly uid: number; readonly gid: number };
  readonly maximumBytes: number;
}

/** What came of reading a file. */
export type ReadFile =
  | { readonly type: "content"; readonly content: Buffer }
  /** Nothing is there, as far as the owner can tell. */
  | { readonly type: "missing" }
  /** `why` shows nothing of what it holds. */
  | { readonly type: "unreadable"; readonly why: string };

/**
 * Files of this host with the rights of their owner: nothing is made or read that the user could not make or read.
 * What the user may not do is StalledError `HostPathNotMade` or `CopyFailed`.
 */
export interface OwnerFiles {
  /** A directory with all above it (0755), or an empty file (0644); one that is there already is left as it is. */
  make(path: string, kind: "Directory" | "File", owner: OwnerAccount): Promise<void>;
  /** What a regular file holds. */
  read(path: string, maximumBytes: number, owner: OwnerAccount): Promise<ReadFile>;
  /**
   * A tar archive of a file, or of a directory with everything below it; links stay links. WaitingError `CopyChanged`
   * where the path leads elsewhere by the end.
   */
  archive(request: ArchiveRequest, owner: OwnerAccount): Promise<Buffer>;
  /** What it needs and this host lacks, in words: `tar of GNU tar (there is none)`. */
  missingPrograms(): readonly string[];
}
