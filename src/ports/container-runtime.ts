import type { Readable } from "node:stream";
import type { AppliedLimits } from "../core/lifecycle/memory.ts";
import type { EngineState, ObservedContainer } from "../core/observed.ts";
import type { DesiredContainer } from "../core/plan/desired-container.ts";
import type { EngineDevices } from "../core/schedule/injection.ts";
import type { RegistryLogin } from "./registry-credentials.ts";

/** What the cheap list call shows of a container; inspect is the truth. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly state: EngineState;
  /** Docker's status text; a change of it means that inspect has news. */
  readonly statusText: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something may have happened to a container or an image; a name, no facts. */
export interface RuntimeHint {
  readonly type: "container" | "image" | "connected" | "disconnected";
  /** Container id or image reference; empty for connection hints. */
  readonly id: string;
  /** Docker's word (start, die, destroy, rename, ...), for waiting only, never to decide by. */
  readonly action: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageInfo {
  readonly id: string;
  readonly reference: string;
  /** Of its variables those that say which driver it needs; absent: none. */
  readonly requirements?: Readonly<Record<string, string>>;
  /** The namespace that ds01 built it for; absent: it did not. */
  readonly builtFor?: string;
  /** What a build on it carries out before its own steps; absent: nothing. */
  readonly onBuild?: readonly string[];
}

/** How much of an image has been fetched, in bytes. */
export interface PullProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface PullOptions {
  /** Absent: the registry is asked as anybody. */
  readonly login?: RegistryLogin | undefined;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** What holds for what runs while an image is built; null is unlimited. */
export interface BuildLimits {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly cgroupParent: string | null;
}

/** An image to be built. */
export interface BuildRequest {
  /** The context as a tar archive. */
  readonly tar: Readable;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly limits: BuildLimits;
  /** For base images. */
  readonly logins: readonly RegistryLogin[];
  readonly onOutput: (text: string) => void;
  /** Ends the build. */
  readonly signal: AbortSignal;
}

/** One row of the engine's list of images. */
export interface ListedImage {
  readonly id: string;
  /** `name:tag` and `name@digest`, all of them. */
  readonly references: readonly string[];
  /** Layers that it shares with others included. */
  readonly sizeBytes: number;
  /** How much of that; null where it was not asked for or the engine does not say (before API 1.42). */
  readonly sharedBytes: number | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A volume that the engine keeps. */
export interface EngineVolume {
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The container engine. Every call has its own deadline and takes an AbortSignal; calls are idempotent by
 * name or id: a 304 is success, a 404 is NotFoundError (success for stop and remove), a 409 is
 * ConflictError, no answer is UnreachableError. What the owner must mend (no such image, bad mount, unknown
 * device) is StalledError with a stable reason.
 */
export interface ContainerRuntime {
  /** Resolves when the engine answers; rejects with UnreachableError. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Every container of the engine, ours or not, running or not: complete or an error. */
  list(signal?: AbortSignal): Promise<readonly ListedContainer[]>;
  /** By id or name; undefined only for a definite 404. */
  inspect(idOrName: string, signal?: AbortSignal): Promise<ObservedContainer | undefined>;
  /** Hints from now on, reconnecting for ever with `connected`/`disconnected` hints; ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<RuntimeHint>;
  /** What the engine says now about passing devices into containers. */
  devices(signal?: AbortSignal): Promise<EngineDevices>;
  image(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined>;
  /** Every image of the engine; complete or an error. What they share takes the engine longer to tell. */
  images(signal?: AbortSignal, options?: { readonly withShared?: boolean }): Promise<readonly ListedImage[]>;
  /** Gives an image another name, which no longer names what it did. */
  tag(image: string, as: string, signal?: AbortSignal): Promise<void>;
  pull(reference: string, signal?: AbortSignal, options?: PullOptions): Promise<void>;
  /** Builds an image without a name and returns its id. StalledError BuildFailed for what is wrong with the Dockerfile. */
  build(request: BuildRequest): Promise<string>;
  /** Removes a name, and the image with its last one; one that is used stays: ConflictError. */
  removeImage(idOrReference: string, signal?: AbortSignal): Promise<void>;
  /** By the engine's name; undefined where there is none. */
  volume(name: string, signal?: AbortSignal): Promise<EngineVolume | undefined>;
  /** Returns the id. Volumes it mounts that are missing are made with it. A container under that name already: ConflictError. */
  create(container: DesiredContainer, signal?: AbortSignal): Promise<string>;
  start(idOrName: string, signal?: AbortSignal): Promise<void>;
  /** Freezes the processes; one that is paused already stays so. */
  pause(idOrName: string, signal?: AbortSignal): Promise<void>;
  unpause(idOrName: string, signal?: AbortSignal): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it has ended. A paused container is ended as well. */
  stop(idOrName: string, graceMs: number, signal?: AbortSignal): Promise<void>;
  /** Removes a stopped container and its anonymous volumes; never a running one. */
  remove(idOrName: string, signal?: AbortSignal): Promise<void>;
  rename(idOrName: string, name: string, signal?: AbortSignal): Promise<void>;
  update(idOrName: string, change: RuntimeUpdate, signal?: AbortSignal): Promise<void>;
}

export interface RuntimeUpdate {
  readonly limits: AppliedLimits | null;
  readonly restartPolicyNo: boolean;
}
