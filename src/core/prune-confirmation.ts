import { confirmationOf, type BlockedPrune } from "../api/blocked-prune.ts";
import { NotFoundError } from "../util/errors.ts";

/** How little of a revision is enough, as Git has it. */
const leastCharacters = 7;

/**
 * The set that a token or a revision confirms. NotFoundError with what waits now where it is none: that of an earlier
 * revision was another set, and nobody has seen this one.
 */
export function blockedBy(word: string, blocked: readonly BlockedPrune[]): BlockedPrune {
  const byToken = blocked.find(({ token }) => token === word);
  if (byToken !== undefined) return byToken;
  const isLong = word.length >= leastCharacters;
  const found = blocked.filter(({ revision }) => isLong && revision?.startsWith(word.toLowerCase()) === true);
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  throw new NotFoundError({
    reason: "PruneNotFound",
    message:
      first === undefined
        ? `nothing is held back under "${word}" (any more); ${waiting(blocked)}`
        : `"${word}" stands for several sets: say the token of one; ${waiting(found)}`,
    remedy: "look at what would be removed, and confirm that: ds01 prune",
  });
}

function waiting(blocked: readonly BlockedPrune[]): string {
  if (blocked.length === 0) return "nothing waits now";
  const sets = blocked.map((set) => {
    const name = set.revision === null ? set.token : `${confirmationOf(set)} (token ${set.token})`;
    const others = set.others === undefined ? "" : ` and ${set.others} of others`;
    return `${name}: ${set.objects.join(", ")}${others}`;
  });
  return `what waits now is ${sets.join("; ")}`;
}
