import { apiVersion } from "./names.ts";

/** Answer of a write with `?branch=NAME`: what was pushed for review. Nothing is in effect before it is merged. */
export interface BranchPushAnswer {
  readonly apiVersion: typeof apiVersion;
  readonly kind: "BranchPush";
  /** The source to whose repository it was pushed. */
  readonly source: string;
  readonly branch: string;
  /** Where the branch is now; where nothing was pushed, the commit that was looked at. */
  readonly commit: string;
  /** The file in the repository, from its root. */
  readonly path: string;
  /** False where the file says on the branch already what was wanted; then nothing was pushed. */
  readonly changed: boolean;
  readonly dryRun: boolean;
  /** What the server said, line by line. */
  readonly remote: readonly string[];
  /** Where a pull request can be opened, where the server did not say that; null: not known. */
  readonly link: string | null;
}

/** The answer with what every object says of itself. */
export function branchPushAnswer(pushed: Omit<BranchPushAnswer, "apiVersion" | "kind">): BranchPushAnswer {
  return { apiVersion, kind: "BranchPush", ...pushed };
}
