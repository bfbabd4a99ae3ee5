import { GitFailure } from "./git-failure.ts";

/** Clocks of people who sign may differ by so much, in milliseconds. */
const toleranceMs = 10 * 60_000;

/** What a source follows; the URL without a login. */
interface Followed {
  readonly url: string;
  readonly ref: string;
}

/** Up to where revisions of a ref that carry a good signature have come. */
export interface SignedOrder {
  /** Absent where it was kept by a version that kept none: it counts for any. */
  readonly url?: string | undefined;
  readonly ref: string;
  /** The latest time that one of them claims, and no later than it came into effect; in milliseconds since the epoch. */
  readonly newestAt: number;
}

/** Whether it is the order of what a source follows now. */
export function isOrderOf(order: SignedOrder | undefined, { url, ref }: Followed): order is SignedOrder {
  return order?.ref === ref && (order.url ?? url) === url;
}

/**
 * Where a revision leaves the order whose signature was made at `signedAt`. GitFailure RevisionOlder where it was made
 * before what was in effect: whoever serves the repository could otherwise bring back anything that was signed once.
 * Another ref or repository begins another order, as only who may configure the source can name it.
 */
export function orderAfter(
  before: SignedOrder | undefined,
  { url, ref, commit, signedAt, now }: Followed & { commit: string; signedAt: number; now: number },
): SignedOrder {
  // A clock that is ahead must not keep out all that others sign until then.
  const at = Math.min(signedAt, now);
  if (!isOrderOf(before, { url, ref })) return { url, ref, newestAt: at };
  // Nor must one that was ahead and has been corrected since, theirs or ours.
  const newestAt = Math.min(before.newestAt, now);
  if (at + toleranceMs < newestAt) {
    throw new GitFailure({
      reason: "RevisionOlder",
      message: `the commit ${commit.slice(0, 12)} was signed at ${timeText(signedAt)}, before what was in effect (${timeText(newestAt)})`,
      remedy: `push what is meant as a new commit (git revert), or name this one: sources[].git.ref: {commit: ${commit}}`,
    });
  }
  return { url, ref, newestAt: Math.max(at, newestAt) };
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
