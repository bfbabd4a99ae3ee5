/** A set of objects whose deletion the prune guard holds back, as the API tells it. */
export interface BlockedPrune {
  /** Names exactly this set. */
  readonly token: string;
  /** The revision in effect when the set became what it is; null where the source has no revisions. */
  readonly revision: string | null;
  /** `namespace/name`, or the name of what is in no namespace. */
  readonly objects: readonly string[];
  /** How many more are of others, whom the caller may not see; absent: none. */
  readonly others?: number;
  readonly reason: string;
}

/** How much of a revision is shown. */
const shownCharacters = 12;

/** What a person types to let a set go: its revision where it has one, else its token. */
export function confirmationOf({ token, revision }: Pick<BlockedPrune, "token" | "revision">): string {
  return revision === null ? token : revision.slice(0, shownCharacters);
}
