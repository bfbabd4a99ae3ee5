import { z } from "zod";
import { canonicalReference } from "../core/similar-images.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { sameValue } from "../util/same-value.ts";
import { readDocument } from "./read-document.ts";

const Tag = z.object({ imageId: z.string(), namespaces: z.array(z.unknown()) });

interface AliasTag {
  readonly imageId: string;
  readonly namespaces: readonly string[];
}

/** Each tag is read by itself. */
const Document = z.object({ version: z.literal(1), tags: z.record(z.string(), z.unknown()) });

/**
 * Names that images got because somebody's spec calls them so. Such a name says nothing to anybody else, or one
 * person's alias would decide what another person's image is.
 */
export class AliasTags {
  readonly #document: StateDocument;
  #tags: Readonly<Record<string, AliasTag>>;

  constructor(document: StateDocument, log: Log) {
    this.#document = document;
    this.#tags = readTags(document, log);
  }

  /** Every name that an alias has given, in its canonical spelling, the image that it was given, and for whom. */
  all(): readonly (AliasTag & { readonly reference: string })[] {
    return Object.entries(this.#tags).map(([reference, tag]) => ({ reference, ...tag }));
  }

  /** For whom alone the name stands for this image; empty where it does for everybody, or for this namespace too. */
  others(reference: string, imageId: string, namespace: string): readonly string[] {
    const tag = this.#tags[canonicalReference(reference)];
    // A pull or a tag by hand has given the name to another image.
    if (tag?.imageId !== imageId || tag.namespaces.includes(namespace)) return [];
    return tag.namespaces;
  }

  /** Rejects when it cannot be written down. */
  async add(reference: string, imageId: string, namespace: string): Promise<void> {
    const name = canonicalReference(reference);
    const before = this.#tags[name];
    const known = before?.imageId === imageId ? before.namespaces : [];
    const namespaces = [...new Set([...known, namespace])].toSorted();
    const next = { ...this.#tags, [name]: { imageId, namespaces } };
    if (sameValue(next, this.#tags)) return;
    await this.#document.write({ version: 1, tags: next });
    this.#tags = next;
  }
}

/** A damaged tag is left out by itself: with the others it would be forgotten whose names they are. */
function readTags(document: StateDocument, log: Log): Readonly<Record<string, AliasTag>> {
  const tell = (): void => {
    const message =
      "which names aliases have given to images cannot be read in whole; a name that is not known counts for everybody";
    log.error({ reason: "AliasTagsUnreadable" }, message);
  };
  const written = Object.entries(readDocument(document, Document, tell)?.tags ?? {});
  let isWhole = true;
  const tags = written.flatMap(([reference, value]): [string, AliasTag][] => {
    const { data } = Tag.safeParse(value);
    const namespaces = data?.namespaces.filter((one) => typeof one === "string") ?? [];
    isWhole &&= namespaces.length === data?.namespaces.length;
    return data === undefined ? [] : [[canonicalReference(reference), { ...data, namespaces }]];
  });
  if (!isWhole) {
    document.keepDamaged?.();
    tell();
  }
  return Object.fromEntries(tags);
}
