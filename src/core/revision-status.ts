import { filesInEffect } from "./file-count.ts";

/** What became of a revision, for whoever looks at it where it was pushed. */
export interface RevisionStatus {
  /** Name of the source. */
  readonly source: string;
  readonly revision: string;
  /** `failure` where the revision, or a file of it, is not in effect. */
  readonly state: "success" | "failure";
  /** CamelCase: Synced, FilesRejected, or why the revision was not taken. */
  readonly reason: string;
  readonly message: string;
  /** Spec files in effect as a whole. */
  readonly files: number;
  /** Objects that are not as the files of the source say. */
  readonly rejected: number;
}

/** How a look at a source ended, as far as a revision is concerned. */
export interface RevisionOutcome {
  readonly source: string;
  /** The newest revision; null where none was found. */
  readonly revision: string | null;
  readonly failure: { readonly reason: string; readonly message: string } | null;
  readonly files: number;
  /** Why they are not, for each such object. */
  readonly rejections: readonly string[];
}

/** So many mistakes are told. */
const shownRejections = 3;

/** What is to be said of the newest revision; null where nothing is known of it. */
export function revisionStatus(outcome: RevisionOutcome): RevisionStatus | null {
  const { source, revision, failure, files, rejections } = outcome;
  if (revision === null) return null;
  const rejected = rejections.length;
  const known = { source, revision, files, rejected };
  if (failure !== null) return { ...known, state: "failure", ...failure };
  if (rejected === 0) {
    return { ...known, state: "success", reason: "Synced", message: filesInEffect(files) };
  }
  const more = rejected > shownRejections ? `; and ${rejected - shownRejections} more` : "";
  const message = `${rejections.slice(0, shownRejections).join("; ")}${more}`;
  return { ...known, state: "failure", reason: "FilesRejected", message };
}
