import { slipsBetween } from "../util/nearest.ts";
import { imageName } from "./quota/image-name.ts";

/** How many names are offered at most. */
const offered = 3;

/** Who builds images here stands in their names: they are suggested to nobody else. */
const ownBuilds = /^docker\.io\/ds01-build\//;

/** One spelling for each image: two references are the same when these are. */
export function canonicalReference(reference: string): string {
  const { name, tag, digest } = imageName(reference);
  return digest === null ? `${name}:${tag ?? "latest"}` : `${name}@${digest}`;
}

/**
 * Names of images here that may have been meant by one that is not: another registry or folder, another tag, a slip of
 * the keys; the nearest first.
 */
export function similarImages(wanted: string, here: readonly string[]): readonly string[] {
  const meant = partsOf(wanted);
  const scored = here.flatMap((reference) => {
    const score = unlikeness(meant, partsOf(reference));
    return score === null || ownBuilds.test(imageName(reference).name) ? [] : [{ reference, score }];
  });
  return scored
    .toSorted((a, b) => a.score - b.score || (a.reference < b.reference ? -1 : 1))
    .slice(0, offered)
    .map(({ reference }) => reference);
}

interface Parts {
  readonly name: string;
  /** The last word of the name: what people remember. */
  readonly word: string;
  readonly tag: string;
}

function partsOf(reference: string): Parts {
  const { name, tag } = imageName(reference);
  return { name, word: name.slice(name.lastIndexOf("/") + 1), tag: tag ?? "" };
}

/** Smaller is nearer; null is nothing alike. A slip in the name weighs more than another tag. */
function unlikeness(meant: Parts, found: Parts): number | null {
  const slips = Math.min(slipsBetween(meant.word, found.word), slipsBetween(meant.name, found.name));
  const allowed = Math.max(1, Math.floor(meant.word.length / 4));
  if (slips > allowed) return null;
  return slips * 100 + Math.min(99, slipsBetween(meant.tag, found.tag));
}
