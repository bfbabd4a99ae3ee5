import type { PrunedImage } from "../api/image-prune.ts";
import { apiVersion } from "../api/names.ts";
import { formatTime } from "../core/format-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime, ListedImage } from "../ports/container-runtime.ts";
import type { ImagePruneOutcome, ImagePruning, ImageRecord, KeptImage } from "../ports/control-plane.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { InstanceLock } from "../ports/lock.ts";
import type { PublishedViews } from "../ports/operations-log.ts";
import { ConflictError, messageOf, UnreachableError } from "../util/errors.ts";
import type { ImageView } from "./image-view.ts";
import { refuseIfLost } from "./refuse-if-lost.ts";
import { Turns } from "../util/turns.ts";

export interface ImagePrunerOptions {
  readonly view: Pick<ImageView, "refresh" | "list" | "useOf" | "doubt">;
  readonly runtime: Pick<ContainerRuntime, "images" | "removeImage">;
  readonly events: EventSink;
  readonly operations: Pick<PublishedViews, "operation">;
  readonly lock: Pick<InstanceLock, "held">;
  readonly clock: Clock;
  /** The controller only tells what it would do. */
  readonly dryRun: boolean;
}

/** Removes images that this ds01 has built and nothing uses, one after the other, each with its event. */
export class ImagePruner {
  readonly #options: ImagePrunerOptions;
  readonly #turns = new Turns(1);

  constructor(options: ImagePrunerOptions) {
    this.#options = options;
  }

  /** UnreachableError while it is not known what is used; what an image is used for meanwhile, it is kept for. */
  async prune(request: ImagePruning): Promise<ImagePruneOutcome> {
    return await this.#turns.take(() => this.#prune(request));
  }

  async #prune(request: ImagePruning): Promise<ImagePruneOutcome> {
    const { view, dryRun } = this.#options;
    await view.refresh();
    this.#refuseInDoubt();
    const chosen = this.#chosen(request);
    if (request.dryRun || dryRun) return { dryRun: true, ...answerOf(chosen, []) };
    const removed: ImageRecord[] = [];
    const kept: KeptImage[] = [];
    for (const image of chosen) {
      const obstacle = await this.#remove(image, request.by);
      if (obstacle === null) removed.push(image);
      else kept.push({ name: image.name, ...obstacle });
    }
    await view.refresh();
    return { dryRun: false, ...answerOf(removed, kept) };
  }

  #refuseInDoubt(): void {
    const doubt = this.#options.view.doubt();
    if (doubt === null) return;
    throw new UnreachableError({
      reason: "ImageUseUnknown",
      message: `no image is removed now: ${doubt}`,
      remedy: "see `ds01 doctor`, and try again",
    });
  }

  #chosen({ namespace, olderThanMs, images }: ImagePruning): readonly ImageRecord[] {
    const { view, clock } = this.#options;
    const before = clock.now() - (olderThanMs ?? 0);
    return view
      .list()
      .filter(({ status }) => status.prunable)
      .filter(({ status }) => namespace === null || status.builtFor?.namespace === namespace)
      .filter(({ createdAt }) => olderThanMs === null || createdAt < before)
      .filter(({ name }) => images === null || images.includes(name))
      .toSorted((left, right) => left.createdAt - right.createdAt);
  }

  /** Why it stays; null when it is gone. */
  async #remove(image: ImageRecord, by: string): Promise<Omit<KeptImage, "name"> | null> {
    const { runtime, view, lock } = this.#options;
    const row = (await runtime.images()).find(({ id }) => id === image.spec.id);
    if (row === undefined) return null;
    // Specs, containers and builds may be others than when it was chosen.
    const status = view.useOf(row);
    if (!status.prunable) return { why: status.keptBecause ?? "", status };
    refuseIfLost(lock);
    const gone: string[] = [];
    try {
      await this.#removeNames(row, gone);
      return null;
    } catch (error) {
      if (error instanceof ConflictError) return { why: error.message, status: null };
      this.#tell(image, "ImagePruneFailed", `not known whether it is removed: ${messageOf(error)}`);
      throw error;
    } finally {
      if (gone.length > 0) {
        const names = gone.join(", ").replace(row.id, `an image without a name (${image.name})`);
        const why = `no spec and no container uses it; asked for by ${by}`;
        this.#tell(image, "ImagePruned", `${names}, built for ${builtForText(image)}, is removed: ${why}`);
      }
    }
  }

  /** By its names, for the engine then keeps what has got another one meanwhile. */
  async #removeNames({ id, references }: ListedImage, gone: string[]): Promise<void> {
    const tags = references.filter((reference) => !reference.includes("@"));
    for (const reference of tags.length > 0 ? tags : [id]) {
      await this.#options.runtime.removeImage(reference);
      gone.push(reference);
    }
  }

  #tell(image: ImageRecord, reason: "ImagePruned" | "ImagePruneFailed", message: string): void {
    const { events, operations } = this.#options;
    const { name, spec, status } = image;
    const { namespace = "" } = status.builtFor ?? {};
    const isDone = reason === "ImagePruned";
    const about = { apiVersion, kind: "Image", name, namespace, uid: spec.id };
    events.record({ type: isDone ? "Normal" : "Warning", reason, message, about });
    operations.operation({
      operation: "image_prune",
      user: namespace,
      container: "",
      gpuId: "",
      status: isDone ? "success" : "failed",
      details: message,
    });
  }
}

function builtForText({ status: { builtFor } }: ImageRecord): string {
  return `${builtFor?.namespace}/${builtFor?.name}`;
}

function answerOf(
  images: readonly ImageRecord[],
  kept: readonly KeptImage[],
): Omit<ImagePruneOutcome, "dryRun"> {
  const own = images.map(({ spec }) =>
    spec.sharedBytes === undefined ? null : spec.sizeBytes - spec.sharedBytes,
  );
  return {
    images: images.map(prunedOf),
    kept,
    freedBytesAtLeast: own.reduce((sum, bytes) => (sum === null || bytes === null ? null : sum + bytes), 0),
    freedBytesAtMost: images.reduce((sum, { spec }) => sum + spec.sizeBytes, 0),
  };
}

function prunedOf(image: ImageRecord): PrunedImage {
  const { name, spec, createdAt } = image;
  return {
    name,
    names: spec.names.filter((one) => !one.includes("@")),
    builtFor: builtForText(image),
    sizeBytes: spec.sizeBytes,
    createdAt: formatTime(createdAt),
  };
}
