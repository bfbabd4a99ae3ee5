import type { SpecIdentity } from "../api/identity.ts";
import type { BranchChange, PushedBranch } from "./branch-writer.ts";

/** A change of one object for a branch of the repository that it comes from, or is to come from. */
export interface BranchRequest extends BranchChange {
  readonly identity: SpecIdentity;
}

/** Sends changes of what Git declares to branches, for review; nothing is in effect before it is merged. */
export interface BranchPushes {
  /** Patterns of the branches of a source that may be pushed to; none where it takes no pushes. */
  branchesOf(source: string): readonly string[];
  /**
   * Resolves when it is pushed. DeniedError where the branch is not one that may be pushed to, or the server rejects
   * it; ConflictError where it does not fit to what is there; UnreachableError; InvalidError for what needs no branch.
   */
  push(request: BranchRequest): Promise<PushedBranch & { readonly source: string }>;
}
