import type { ContainerSpecSpec } from "../api/container.ts";
import type { ContainerRecord } from "../core/record.ts";
import { builderOf } from "../core/build.ts";
import { saysName } from "../core/quota/image-name.ts";
import { canonicalReference, similarImages } from "../core/similar-images.ts";
import type { Step } from "../core/plan/step.ts";
import type { ImageState } from "../core/world.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime, ListedImage, PullProgress } from "../ports/container-runtime.ts";
import type { RegistryCredentials } from "../ports/registry-credentials.ts";
import { StalledError } from "../util/errors.ts";
import type { BuildBook } from "./build-book.ts";
import type { AliasTags } from "./alias-tags.ts";
import { isRecent } from "../util/is-recent.ts";

/** How long an answer of the engine is believed when no image event comes. */
const believeMs = 60_000;

interface Answer {
  readonly at: number;
  /** How many image events had come when it was asked for. */
  readonly forgotten: number;
}

interface Known extends Answer {
  readonly id: string | null;
  readonly requirements: Readonly<Record<string, string>>;
  /** Null: it is no build of ds01. */
  readonly builtFor: string | null;
}

interface Pull {
  readonly done: Promise<void>;
  progress: PullProgress | null;
}

/** Every image here, for names that are missing. */
interface Listed extends Answer {
  readonly images: readonly ListedImage[];
  /** Canonical references that an alias may be: what one user built gets no name that means something to all. */
  readonly names: ReadonlySet<string>;
}

export interface ImageBookOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly credentials: RegistryCredentials;
  readonly aliasTags: AliasTags;
  readonly builds: BuildBook;
}

/** Which images are here, and the pulls under way: one for each reference, shared by all who wait for it. */
export class ImageBook {
  readonly builds: BuildBook;
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #credentials: RegistryCredentials;
  readonly #aliasTags: AliasTags;
  readonly #known = new Map<string, Known>();
  #listed: Listed | null = null;
  readonly #pulls = new Map<string, Pull>();
  /** Objects with imagePullPolicy Always whose pull for the next create is done. */
  readonly #pulledFor = new Set<string>();
  #forgotten = 0;
  #version = 0;

  constructor({ runtime, clock, credentials, aliasTags, builds }: ImageBookOptions) {
    this.builds = builds;
    this.#runtime = runtime;
    this.#clock = clock;
    this.#credentials = credentials;
    this.#aliasTags = aliasTags;
  }

  /** Asks the engine about the image that the object needs, unless a fresh answer is known, and its `builds` for that. */
  async look(record: ContainerRecord, { builds = true }: { readonly builds?: boolean } = {}): Promise<void> {
    const { namespace } = record;
    if (builds) this.builds.look(record);
    const reference = this.referenceOf(record);
    if (reference === null) return;
    if (!this.#isFresh(this.#known.get(reference))) await this.#ask(reference);
    const id = this.#known.get(reference)?.id ?? null;
    const usable = id !== null && this.#aliasTags.others(reference, id, namespace).length === 0;
    if (!usable && !this.#isFresh(this.#listed)) await this.#list();
  }

  /** Grows with every change of what `state` says. */
  get version(): number {
    return this.#version + this.builds.version;
  }

  /** The name of the image that the object needs; null where that is not known yet. */
  referenceOf(record: ContainerRecord): string | null {
    return this.builds.referenceOf(record);
  }

  /** False while nobody has looked: then `state` means nothing. */
  knows(record: ContainerRecord): boolean {
    const reference = this.referenceOf(record);
    if (reference === null) return true;
    return this.#known.has(reference) || this.#pulls.has(this.#pullKey(reference, record.namespace));
  }

  /** What is known of the image an object needs now; call `look` first. */
  state(record: ContainerRecord): ImageState {
    const { spec, namespace } = record;
    const reference = this.referenceOf(record);
    const build = this.builds.stateOf(record);
    if (build !== null) return build;
    if (spec === null || reference === null) return { type: "missing" };
    const pulling = this.#pulling(reference, namespace);
    if (pulling !== null) return pulling;
    const { id = null, requirements = {} } = this.#known.get(reference) ?? {};
    if (this.#isForeignBuild(reference, namespace)) return foreignBuild(reference);
    const taggedFor = id === null ? [] : this.#aliasTags.others(reference, id, namespace);
    if (id !== null && taggedFor.length === 0 && !this.#mustPull(record))
      return { type: "present", id, requirements };
    return this.#missing(spec, id === null ? this.#similarTo(reference) : [], taggedFor);
  }

  #mustPull({ spec, uid }: ContainerRecord): boolean {
    return spec?.build === undefined && spec?.imagePullPolicy === "Always" && !this.#pulledFor.has(uid);
  }

  /** By a name of its own somebody has shared it; by its id or a digest nobody has. */
  #isForeignBuild(reference: string, namespace: string): boolean {
    const builtFor = this.#known.get(reference)?.builtFor ?? null;
    return builtFor !== null && builtFor !== namespace && !saysName(reference);
  }

  #pulling(reference: string, namespace: string): ImageState | null {
    const pull = this.#pulls.get(this.#pullKey(reference, namespace));
    if (pull === undefined) return null;
    return { type: "pulling", ...(pull.progress === null ? {} : { progress: pull.progress }) };
  }

  #missing(
    { imageAliases = [] }: ContainerSpecSpec,
    similar: readonly string[],
    taggedFor: readonly string[],
  ): ImageState {
    const alias = imageAliases.find((name) => this.#listed?.names.has(canonicalReference(name)) === true);
    return {
      type: "missing",
      ...(alias === undefined ? {} : { alias }),
      ...(similar.length === 0 ? {} : { similar }),
      ...(taggedFor.length === 0 ? {} : { taggedFor }),
    };
  }

  /** Starts a pull, or joins the one under way. */
  async pull(
    reference: string,
    { namespace, uid }: Pick<ContainerRecord, "namespace" | "uid">,
  ): Promise<void> {
    const key = this.#pullKey(reference, namespace);
    const { done } = this.#pulls.get(key) ?? this.#startPull(reference, namespace);
    await done;
    this.#version += 1;
    this.#pulledFor.add(uid);
  }

  /** Gives the image of an alias the name that the spec asks for; counts as the pull of an Always object. */
  async tag(
    { image, as }: Pick<Extract<Step, { do: "tag" }>, "image" | "as">,
    { namespace, uid }: Pick<ContainerRecord, "namespace" | "uid">,
  ): Promise<void> {
    const found = await this.#runtime.image(image);
    // Written down first: a tag that nobody remembers would stand for the image itself.
    if (found !== undefined) await this.#aliasTags.add(as, found.id, namespace);
    await this.#runtime.tag(found?.id ?? image, as);
    this.#known.delete(as);
    this.#pulledFor.add(uid);
    this.#version += 1;
  }

  /** The container was created: the next create of an Always object pulls again. */
  used(uid: string): void {
    if (this.#pulledFor.delete(uid)) this.#version += 1;
  }

  /** After an image event: events name tags, ids or digests, and asking again costs half a millisecond. */
  forget(): void {
    this.#forgotten += 1;
  }

  #isFresh(answer: Answer | null | undefined): boolean {
    if (answer === null || answer === undefined) return false;
    return answer.forgotten === this.#forgotten && isRecent(answer.at, this.#clock.now(), believeMs);
  }

  async #ask(reference: string): Promise<void> {
    const forgotten = this.#forgotten;
    const image = await this.#runtime.image(reference).catch(noneIfRefused);
    const id = image?.id ?? null;
    if (this.#known.get(reference)?.id !== id) this.#version += 1;
    const requirements = image?.requirements ?? {};
    const builtFor = image?.builtFor ?? null;
    this.#known.set(reference, { id, requirements, builtFor, at: this.#clock.now(), forgotten });
  }

  async #list(): Promise<void> {
    const forgotten = this.#forgotten;
    const images = await this.#runtime.images();
    const names = new Set(
      images
        .filter(({ labels }) => builderOf(labels) === null)
        .flatMap(({ references }) => references.map(canonicalReference)),
    );
    this.#listed = { images, names, at: this.#clock.now(), forgotten };
    this.#version += 1;
  }

  #similarTo(reference: string): readonly string[] {
    const tags = this.#listed?.images.flatMap(({ references }) => references) ?? [];
    return similarImages(
      reference,
      tags.filter((name) => !name.includes("@")),
    );
  }

  /** Whoever has a login of their own pulls with that. */
  #pullKey(reference: string, namespace: string): string {
    return `${reference} ${this.#credentials.scopeOf(reference, namespace)}`;
  }

  #startPull(reference: string, namespace: string): Pull {
    const key = this.#pullKey(reference, namespace);
    const done = this.#pullAs(reference, namespace).finally(() => {
      this.#version += 1;
      this.#pulls.delete(key);
      this.#known.delete(reference);
    });
    const pull: Pull = { done, progress: null };
    this.#version += 1;
    this.#pulls.set(key, pull);
    return pull;
  }

  async #pullAs(reference: string, namespace: string): Promise<void> {
    const login = await this.#credentials.loginFor(reference, namespace);
    const onProgress = (progress: PullProgress): void => {
      const pull = this.#pulls.get(this.#pullKey(reference, namespace));
      if (pull !== undefined) pull.progress = progress;
    };
    await this.#runtime.pull(reference, undefined, { login, onProgress });
  }
}

function foreignBuild(reference: string): ImageState {
  return {
    type: "unbuildable",
    reason: "ImageDenied",
    message: `${reference} is an image that somebody else has built here: build your own`,
  };
}

/** No image can have a name that the engine refuses to look for; the pull says why. */
function noneIfRefused(error: unknown): undefined {
  if (error instanceof StalledError) return undefined;
  throw error;
}
