import { baseImages } from "../core/base-images.ts";
import { buildReference } from "../core/build.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { BuildContexts } from "../ports/build-contexts.ts";
import { messageOf } from "../util/errors.ts";
import { buildKey, contextRequestOf } from "./context-request.ts";

/** The images that the spec of an object needs, or why that is not known. */
export type SpecImages = { readonly references: readonly string[] } | { readonly why: string };

/** What a build was found to need. */
interface Known {
  /** Of what it was found for; the files may be others by now. */
  readonly key: string;
  readonly signature: string | null;
  readonly images: SpecImages;
}

/**
 * Which images specs need whatever runs: the one that they name, or the one that their files make now and what their
 * Dockerfile builds on. Files are read one context at a time, and again only when they may have changed.
 */
export class ImageNeeds {
  readonly #contexts: BuildContexts;
  readonly #known = new Map<string, Known>();

  constructor(contexts: BuildContexts) {
    this.#contexts = contexts;
  }

  /** Looks at the files of every object that builds its image. */
  async look(records: readonly ContainerRecord[]): Promise<void> {
    const present = new Set(records.map(({ uid }) => uid));
    for (const uid of this.#known.keys()) if (!present.has(uid)) this.#known.delete(uid);
    for (const record of records) {
      if (record.spec?.build !== undefined) this.#known.set(record.uid, await this.#lookAt(record));
    }
  }

  /** As it was found last; a spec that has changed since is not known. */
  of(record: ContainerRecord): SpecImages {
    const { spec, uid } = record;
    if (spec === null) return { why: "its spec cannot be read" };
    if (spec.build === undefined) return { references: spec.image === undefined ? [] : [spec.image] };
    const known = this.#known.get(uid);
    return known?.key === buildKey(record) ? known.images : { why: "its files have not been looked at" };
  }

  async #lookAt(record: ContainerRecord): Promise<Known> {
    const key = buildKey(record);
    const request = contextRequestOf(record);
    const { build } = record.spec ?? {};
    if (request === null || build === undefined) return { key, signature: null, images: { references: [] } };
    try {
      const signature = await this.#contexts.signature(request);
      const before = this.#known.get(record.uid);
      if (before?.key === key && before.signature === signature) return before;
      const own = buildReference(record, build, await this.#contexts.hash(request));
      const { text } = await this.#contexts.dockerfile(request);
      // A base that cannot be told is refused to the build as well.
      const bases = baseImages(text, build.args ?? {}).flatMap(({ reference }) => reference ?? []);
      return { key, signature, images: { references: [own, ...bases] } };
    } catch (error) {
      return { key, signature: null, images: { why: messageOf(error) } };
    }
  }
}
