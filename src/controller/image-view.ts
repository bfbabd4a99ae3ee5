import type { ImageStatus } from "../api/image.ts";
import { labels } from "../api/names.ts";
import { builderOf } from "../core/build.ts";
import { imageNeed, imageUse, type ImageSituation } from "../core/images/image-use.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerRuntime, ListedImage } from "../ports/container-runtime.ts";
import type { ImageRecord, RefreshedView, ViewChange } from "../ports/control-plane.ts";
import { canonicalJson } from "../util/hash.ts";
import type { AliasTags } from "./alias-tags.ts";
import type { BuildBook } from "./build-book.ts";
import type { ImageNeeds } from "./image-needs.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

export interface ImageViewOptions {
  readonly runtime: Pick<ContainerRuntime, "images">;
  readonly cache: () => Pick<RuntimeCache, "all" | "ready" | "freshen">;
  readonly records: () => readonly ContainerRecord[];
  readonly isSourceSynced: () => boolean;
  readonly builds: Pick<BuildBook, "isBuilding" | "referenceOf">;
  readonly aliasTags: Pick<AliasTags, "all">;
  readonly needs: ImageNeeds;
  readonly instance: string;
  readonly nextResourceVersion: () => number;
}

/** Image objects: what ds01 has built or named and what its specs and containers use, as it was when last asked for. */
export class ImageView implements RefreshedView<ImageRecord> {
  readonly #options: ImageViewOptions;
  readonly #listeners = new Set<(change: ViewChange<ImageRecord>) => void>();
  /** By short id. */
  readonly #records = new Map<string, ImageRecord>();
  #refreshing: Promise<void> | null = null;

  constructor(options: ImageViewOptions) {
    this.#options = options;
  }

  list(): readonly ImageRecord[] {
    return [...this.#records.values()];
  }

  onChange(listener: (change: ViewChange<ImageRecord>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Joins a look that is under way. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  /** What is known at this very moment of how an image is used: what has changed since the last look counts as unknown. */
  useOf(image: Pick<ListedImage, "id" | "references" | "labels">): ImageStatus {
    return this.#useIn({ ...image, names: image.references }, this.#situation());
  }

  /** Why nothing can be said of what is used; null when it can. */
  doubt(): string | null {
    if (!this.#options.isSourceSynced()) return "the specs have not all been read";
    return this.#options.cache().ready ? null : "the Docker engine does not answer";
  }

  async #look(): Promise<void> {
    const { runtime, needs, records, cache } = this.#options;
    await cache().freshen();
    await needs.look(records());
    const images = await runtime.images(undefined, { withShared: true });
    const situation = this.#situation();
    const present = new Map(
      images.flatMap((image): [string, Unversioned][] => {
        const status = this.#useIn({ ...image, names: image.references }, situation);
        return concerns(image, status) ? [[shortId(image.id), recordOf(image, status)]] : [];
      }),
    );
    for (const [name, record] of this.#records) {
      if (present.has(name)) continue;
      this.#records.delete(name);
      this.#tell({ type: "DELETED", object: this.#versioned(record) });
    }
    for (const record of present.values()) this.#put(record);
  }

  #useIn(
    image: { readonly id: string; readonly names: readonly string[]; readonly labels: ListedImage["labels"] },
    situation: ImageSituation,
  ): ImageStatus {
    const status = imageUse(image, situation);
    const doubt = this.doubt();
    return status.prunable && doubt !== null ? { ...status, prunable: false, keptBecause: doubt } : status;
  }

  #situation(): ImageSituation {
    const { instance, cache, records, builds, aliasTags, needs } = this.#options;
    const specs = records().map((record) => {
      const { namespace, name } = record;
      const found = needs.of(record);
      // What is stopped is not looked at again until it is to be started.
      const decided = record.spec?.desiredState === "Stopped" ? null : builds.referenceOf(record);
      return { namespace, name, found, decided: decided === null ? [] : [decided] };
    });
    return {
      instance,
      containers: cache()
        .all()
        .map(({ name, labels: own, config: { imageId } }) => ({
          imageId,
          name,
          owner: own[labels.managed] === "true" && own[labels.instance] === instance ? ownerOf(own) : null,
        })),
      needs: specs.map(({ found, decided, ...object }) =>
        imageNeed(object, [...decided, ...("references" in found ? found.references : [])]),
      ),
      unknown: specs.flatMap(({ namespace, name, found }) =>
        "why" in found ? [{ namespace, name, why: found.why }] : [],
      ),
      building: records().filter(({ uid }) => builds.isBuilding(uid)),
      aliases: aliasTags.all(),
    };
  }

  #put(record: Unversioned): void {
    const before = this.#records.get(record.name);
    const isSame =
      before !== undefined &&
      canonicalJson([before.spec, before.status]) === canonicalJson([record.spec, record.status]);
    if (isSame) return;
    const object = this.#versioned(record);
    this.#records.set(object.name, object);
    this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", object });
  }

  #versioned(record: Unversioned): ImageRecord {
    return { ...record, resourceVersion: this.#options.nextResourceVersion() };
  }

  #tell(change: ViewChange<ImageRecord>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

type Unversioned = Omit<ImageRecord, "resourceVersion">;

/** What ds01 has nothing to do with is nobody's business here. */
function concerns({ labels: own }: ListedImage, { origin, usedBy }: ImageStatus): boolean {
  if (origin !== "Other" || builderOf(own) !== null) return true;
  return usedBy.some(({ namespace }) => namespace !== undefined);
}

function recordOf(
  { id, references, sizeBytes, sharedBytes, createdAt }: ListedImage,
  status: ImageStatus,
): Unversioned {
  return {
    name: shortId(id),
    createdAt,
    spec: { id, names: [...references], sizeBytes, ...(sharedBytes === null ? {} : { sharedBytes }) },
    status,
  };
}

/** As `docker images` shows it. */
export function shortId(id: string): string {
  return id.replace(/^sha\d+:/, "").slice(0, 12);
}

function ownerOf(own: Readonly<Record<string, string>>): { namespace: string; name: string } {
  return { namespace: own[labels.user] ?? "", name: own[labels.name] ?? "" };
}
