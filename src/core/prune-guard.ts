import { annotations as annotationNames } from "../api/names.ts";
import { sha256 } from "../util/hash.ts";

/** More objects than this may not vanish at once unasked, when they are also more than the share. */
const maximumCount = 3;
const maximumShare = 0.2;

/** Objects whose files are gone, and what else is known of the source. */
export interface PruneQuestion {
  /** `namespace/name` (or the name) of every object whose file is gone. */
  readonly vanished: readonly string[];
  /** How many objects the source had before. */
  readonly total: number;
  /** The source was away, or the controller was, and it came back with nothing. */
  readonly cameBackEmpty: boolean;
  /** Sources of these objects that the configuration does not name any more. */
  readonly retiredSources: readonly string[];
  /** Other sources that could not be read yet, one of which may have these objects by now. */
  readonly unreadSources: readonly string[];
  /** Users' directories that are gone as a whole, as after a failed mount. */
  readonly missingDirectories: readonly string[];
  /** Those of them that say themselves that they want to be confirmed. */
  readonly toConfirm: readonly string[];
  /** Some of them are held back already: they stay so until they come back or are confirmed. */
  readonly heldBack: boolean;
}

/** `disabled`: it is never removed because its file is gone; `confirm`: only when somebody confirms it. */
export type PruneRule = "disabled" | "confirm" | null;

/** What an object says about its disappearance; a word that nobody knows is taken for the careful one. */
export function pruneRuleOf({
  annotations,
}: {
  readonly annotations: Readonly<Record<string, string>>;
}): PruneRule {
  const written = annotations[annotationNames.prune];
  if (written === undefined) return null;
  return written === "disabled" ? "disabled" : "confirm";
}

/** Why an object stays whose file is gone. */
export const pruneDisabled = `its file is gone, and its annotation ${annotationNames.prune} says that it stays; remove it with ds01 delete, or bring the file back`;

/** Whether vanished files may be taken at their word (I11). */
export type PruneVerdict =
  | { readonly type: "allowed" }
  | {
      readonly type: "blocked";
      /** Names exactly this set. */
      readonly token: string;
      /** Why they may not; what to do about it is added by who shows it. */
      readonly message: string;
    };

/** Judges all vanished files together: one by one they would slip through. */
export function judgePrune(question: PruneQuestion): PruneVerdict {
  const { vanished } = question;
  const doubt = vanished.length === 0 ? null : doubtOf(question);
  if (doubt === null) return { type: "allowed" };
  const token = sha256(vanished.toSorted().join("\n")).slice(0, 8);
  return { type: "blocked", token, message: doubt };
}

/** Why nobody can be sure that they are meant to go: what says most, where there are several reasons. */
function doubtOf(question: PruneQuestion): string | null {
  const { vanished, total, retiredSources, unreadSources, toConfirm, missingDirectories } = question;
  const share = `${vanished.length} of ${total} objects`;
  const wouldGo = `${share} would be removed`;
  if (retiredSources.length > 0)
    return `the configuration has no source ${quoted(retiredSources)} any more; ${wouldGo}`;
  if (unreadSources.length > 0)
    return `they may be in ${quoted(unreadSources)}, which could not be read yet; ${wouldGo}`;
  if (question.cameBackEmpty) return `the source came back empty; ${wouldGo}`;
  if (vanished.length > maximumCount && vanished.length > maximumShare * total)
    return `${share} vanished at once`;
  if (toConfirm.length > 0)
    return `${toConfirm.join(", ")} ${toConfirm.length === 1 ? "wants" : "want"} to be confirmed (${annotationNames.prune}); ${wouldGo}`;
  if (missingDirectories.length > 0)
    return `${missingDirectories.join(", ")} ${isOrAre(missingDirectories)} gone as a whole; ${wouldGo}`;
  return question.heldBack ? `${share} ${isOrAre(vanished)} still missing` : null;
}

function isOrAre(subjects: readonly string[]): string {
  return subjects.length === 1 ? "is" : "are";
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
