import type { ImageState } from "../core/world.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { StalledError } from "../util/errors.ts";

/** How long an answer of the engine is believed when no image event comes. */
const believeMs = 60_000;

interface Known {
  readonly id: string | null;
  readonly requirements: Readonly<Record<string, string>>;
  readonly at: number;
  /** How many image events had come when it was asked for. */
  readonly forgotten: number;
}

/** Which images are here, and the pulls under way: one for each reference, shared by all who wait for it. */
export class ImageBook {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #pulls = new Map<string, Promise<void>>();
  /** Objects with imagePullPolicy Always whose pull for the next create is done. */
  readonly #pulledFor = new Set<string>();
  #forgotten = 0;
  #version = 0;

  constructor(runtime: ContainerRuntime, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** Asks the engine unless a fresh answer is known. */
  async look(reference: string): Promise<void> {
    const known = this.#known.get(reference);
    const now = this.#clock.now();
    if (known !== undefined && known.forgotten === this.#forgotten && now - known.at < believeMs) return;
    const forgotten = this.#forgotten;
    const image = await this.#runtime.image(reference).catch(noneIfRefused);
    const id = image?.id ?? null;
    if (known?.id !== id) this.#version += 1;
    const requirements = image?.requirements ?? {};
    this.#known.set(reference, { id, requirements, at: this.#clock.now(), forgotten });
  }

  /** Grows with every change of what `state` says. */
  get version(): number {
    return this.#version;
  }

  /** False while nobody has looked: then `state` means nothing. */
  knows(reference: string): boolean {
    return this.#known.has(reference) || this.#pulls.has(reference);
  }

  /** What is known of the image an object needs now; call `look` first. */
  state(record: ContainerRecord): ImageState {
    const { spec } = record;
    if (spec === null) return { type: "missing" };
    if (this.#pulls.has(spec.image)) return { type: "pulling" };
    const { id = null, requirements = {} } = this.#known.get(spec.image) ?? {};
    if (id === null) return { type: "missing" };
    const mustPull = spec.imagePullPolicy === "Always" && !this.#pulledFor.has(record.uid);
    return mustPull ? { type: "missing" } : { type: "present", id, requirements };
  }

  /** Starts a pull, or joins the one under way. */
  async pull(reference: string, uid: string): Promise<void> {
    const running = this.#pulls.get(reference) ?? this.#startPull(reference);
    await running;
    this.#version += 1;
    this.#pulledFor.add(uid);
  }

  /** The container was created: the next create of an Always object pulls again. */
  used(uid: string): void {
    if (this.#pulledFor.delete(uid)) this.#version += 1;
  }

  /** After an image event: events name tags, ids or digests, and asking again costs half a millisecond. */
  forget(): void {
    this.#forgotten += 1;
  }

  #startPull(reference: string): Promise<void> {
    const pull = this.#runtime.pull(reference).finally(() => {
      this.#version += 1;
      this.#pulls.delete(reference);
      this.#known.delete(reference);
    });
    this.#version += 1;
    this.#pulls.set(reference, pull);
    return pull;
  }
}

/** No image can have a name that the engine refuses to look for; the pull says why. */
function noneIfRefused(error: unknown): undefined {
  if (error instanceof StalledError) return undefined;
  throw error;
}
