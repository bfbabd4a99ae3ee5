import type { AppliedLimits } from "../core/lifecycle/memory.ts";
import type { EngineState, ObservedContainer } from "../core/observed.ts";
import type { DesiredContainer } from "../core/plan/desired-container.ts";
import type { EngineDevices } from "../core/schedule/injection.ts";

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
  pull(reference: string, signal?: AbortSignal): Promise<void>;
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
