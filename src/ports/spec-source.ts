import type { RevisionStatus } from "../core/revision-status.ts";
import type { BranchChange, PushedBranch } from "./branch-writer.ts";

/** Text of one spec file and who put it there; nothing is parsed yet. */
export interface SourcedText {
  /** Path below the specs root: `users/alice/train.yaml`. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of the text. */
  readonly contentHash: string;
  readonly revision?: string;
  /** Owner of the file, from fstat on the opened descriptor; null when the path decides (Git, trust: path). */
  readonly ownerUid: number | null;
  readonly ownerName: string | null;
}

/** A file that is there but may not be read as a spec: a link, wrong owner rights, too large, unreadable. */
export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
  readonly message: string;
}

/** Changes that are one: of a revision, nobody may see a part. */
export interface SourceChanges {
  readonly upserts: readonly SourcedText[];
  readonly refusals: readonly RefusedFile[];
  /** Paths of files that are gone for sure. */
  readonly removals: readonly string[];
}

/** How the last attempt to get the newest revision ended. */
export interface SyncReport {
  /** Milliseconds since the epoch; null: there was none since the start. */
  readonly attemptedAt: number | null;
  /** The revision that the server had; null when that is not known. */
  readonly revision: string | null;
  /** The revision whose files are in effect; null: none yet. */
  readonly appliedRevision: string | null;
  /** When that became so, in milliseconds since the epoch. */
  readonly appliedAt: number | null;
  /** Whose good signature that revision carries; absent: none was asked for. */
  readonly signer?: string;
  /** The revision that was in effect before, where the one that now is does not go on from it; told once. */
  readonly rewrittenFrom?: string;
  /** Why the newest revision is not the one in effect; null: it is. */
  readonly failure: { readonly reason: string; readonly message: string } | null;
}

export interface SpecSink {
  upsert(document: SourcedText): void;
  refuse(file: RefusedFile): void;
  /** The file is gone for sure: its directory could be read and lacks it. */
  remove(path: string): void;
  /** Takes in changes that belong together as one. */
  publish(changes: SourceChanges): void;
  /** An attempt to get something new has ended; only of sources that are somewhere else. */
  report(report: SyncReport): void;
  /** A complete successful scan has been delivered; `files` is how many specs stand there now. */
  synced(files: number): void;
  /** The source cannot be read as a whole (directory missing, EIO): nothing may be concluded from absence. */
  unavailable(message: string): void;
}

/** Where a source is, as people may read it: without passwords. */
export interface SourcePlace {
  readonly type: "directory" | "git";
  /** A path of this host, or the URL of a repository. */
  readonly url: string;
  /** What is followed: `main`, `refs/tags/v1`, a commit; absent: what the server calls its HEAD, or nothing to follow. */
  readonly ref?: string;
  /** Directory in the repository; absent: its root. */
  readonly path?: string;
}

/** Where desired state comes from. It delivers its full set, then changes; it never parses. */
export interface SpecSource {
  readonly name: string;
  readonly place: SourcePlace;
  run(sink: SpecSink, signal: AbortSignal): Promise<void>;
  /** Whether a directory below the root (`users/alice`) is there now. */
  hasDirectory(path: string): boolean;
  /** Scans everything now; resolves when what it found has been delivered. */
  rescan(): Promise<void>;
  /** Looks for a newer revision now; resolves when the attempt has ended. Absent: there is only what is there. */
  sync?(): Promise<void>;
  /**
   * True: nothing newer comes into effect once this has resolved; false: it is looked for at once. May be said before
   * `run`. Absent: what stands there counts.
   */
  setSuspended?(suspended: boolean): Promise<void>;
  /** Says what became of a revision where it was pushed; rejects where that failed. Absent: nobody wants to know. */
  readonly tellStatus?: ((status: RevisionStatus) => Promise<void>) | undefined;
  /** Patterns of the branches that changes may be pushed to; absent: none. */
  readonly pushBranches?: readonly string[] | undefined;
  /**
   * Makes a commit on the revision in effect, or on the branch where that goes on from it, and pushes it without
   * force. Rejects with ConflictError, DeniedError or UnreachableError; then nothing is known to have changed.
   */
  push?(change: BranchChange): Promise<PushedBranch>;
}
