import { canonicalReference } from "../core/similar-images.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { sameValue } from "../util/same-value.ts";

interface AliasTag {
  readonly imageId: string;
  readonly namespaces: readonly string[];
}

/**
 * Names that images got because somebody's spec calls them so. Such a name says nothing to anybody else, or one
 * person's alias would decide what another person's image is.
 */
export class AliasTags {
  readonly #document: StateDocument;
  #tags: Readonly<Record<string, AliasTag>>;

  constructor(document: StateDocument) {
    this.#document = document;
    this.#tags = parseTags(document.read());
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

function parseTags(value: unknown): Readonly<Record<string, AliasTag>> {
  const tags: unknown = isMap(value) ? value["tags"] : null;
  if (!isMap(tags)) return {};
  return Object.fromEntries(
    Object.entries(tags).flatMap(([reference, tag]): [string, AliasTag][] => {
      if (!isMap(tag)) return [];
      const { imageId, namespaces } = tag;
      if (typeof imageId !== "string" || !Array.isArray(namespaces)) return [];
      return [
        [
          canonicalReference(reference),
          { imageId, namespaces: namespaces.filter((one) => typeof one === "string") },
        ],
      ];
    }),
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
