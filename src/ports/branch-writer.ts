/** A change of one file that goes to a branch of a repository, for others to review and merge. */
export interface BranchChange {
  /** Name of the branch, without `refs/heads/`; checked. */
  readonly branch: string;
  /** Below the directory that is followed: `users/alice/train.yaml`. */
  readonly path: string;
  /** Login name of whose change it is. */
  readonly by: string;
  /** Of the commit: a line that says what, an empty one, more. */
  readonly message: string;
  /** Check everything and push nothing. */
  readonly dryRun: boolean;
  /**
   * Text of the file afterwards, null to remove it; `before` is undefined where there is none. Called again where
   * somebody else has pushed meanwhile. What it throws ends the change, and nothing is pushed.
   */
  readonly edit: (before: string | undefined) => Promise<string | null>;
}

/** What became of it. */
export interface PushedBranch {
  /** The commit that the branch is at now, or would be made on where nothing was pushed. */
  readonly commit: string;
  /** False where the file says on the branch already what was wanted. */
  readonly changed: boolean;
  /** The file in the repository, from its root. */
  readonly path: string;
  /** What the server said to people, without control characters. */
  readonly remote: readonly string[];
  /** Where a pull request can be opened, where the server is known and said nothing itself. */
  readonly link: string | null;
}
