import type { Readable } from "node:stream";
import type { DeletedObject } from "../api/deleted-object.ts";
import type { WrittenKind } from "../api/document.ts";
import type { ContainerDescription, Preview } from "../api/description.ts";
import type { EmergencyStopLine } from "../api/emergency-stop.ts";
import type { EventObject } from "../api/event.ts";
import type { KeptLogText } from "../api/kept-log.ts";
import type { BlockedPrune } from "../api/blocked-prune.ts";
import type { ImagePruneAnswer } from "../api/image-prune.ts";
import type { ImageSpec, ImageStatus } from "../api/image.ts";
import type { GpuSpec, GpuStatus } from "../api/gpu.ts";
import type { PresetSpec } from "../api/preset.ts";
import type { FieldNotes } from "../core/field-managers/field-notes.ts";
import type { Adoptions } from "./adoptions.ts";
import type { BranchPushes } from "./branch-pushes.ts";
import type { SourceSpec, SourceStatus } from "../api/source.ts";
import type { Questions } from "./questions.ts";
import type { Store } from "./store.ts";

/** A Gpu object as observed; `name` is the slot. */
export interface GpuRecord {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: number;
  readonly createdAt: number;
  readonly spec: GpuSpec;
  readonly status: GpuStatus;
}

/** An image of the engine that ds01 has to do with; `name` is its short id. */
export interface ImageRecord {
  readonly name: string;
  readonly resourceVersion: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly spec: ImageSpec;
  readonly status: ImageStatus;
}

/** Who removes images, of whose objects they may be, and which of those. */
export interface ImagePruning {
  /** Only those built for objects of this user; null: everybody's. */
  readonly namespace: string | null;
  readonly olderThanMs: number | null;
  /** Only these, by their short ids; null: all. */
  readonly images: readonly string[] | null;
  readonly dryRun: boolean;
  /** Login name of who wants it. */
  readonly by: string;
}

/** What came of it; of what stays its status as it then was, null where the engine kept it. */
export interface ImagePruneOutcome extends Omit<ImagePruneAnswer, "kept"> {
  readonly kept: readonly KeptImage[];
}

/** An image that was to go and stays, and why: not yet for everybody's eyes. */
export interface KeptImage {
  readonly name: string;
  readonly why: string;
  readonly status: ImageStatus | null;
}

/** A preset of this host. */
export interface PresetRecord {
  readonly name: string;
  readonly spec: PresetSpec;
}

/** A source of specs, and what is known of it. */
export interface SourceRecord {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: number;
  readonly createdAt: number;
  readonly spec: SourceSpec;
  readonly status: SourceStatus;
}

/** A change of an object that is kept outside the Store. */
export interface ViewChange<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

/** A view that is brought up to date when somebody asks. */
export interface RefreshedView<T> extends View<T> {
  /** Looks now; UnreachableError while the engine does not answer. */
  refresh(): Promise<void>;
}

export interface View<T> {
  list(): readonly T[];
  onChange(listener: (change: ViewChange<T>) => void): () => void;
}

/** One line of `ds01 doctor` and of /readyz. */
export interface HealthCheck {
  /** SourceSynced, EngineReady, GpuStackReady, StateWritable, ... */
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly remedy: string | null;
  /** True: everything but the one thing that it names works without it. Absent: nothing may be relied on. */
  readonly optional?: true;
}

/** What an admin wants of one device. */
export interface SchedulingChange {
  readonly unschedulable: boolean;
  /** True: what runs on it is to move to other devices; only with `unschedulable`. */
  readonly drain?: boolean;
  /** Why, in the admin's words; null when nothing was said. */
  readonly reason: string | null;
  /** Login name of who wants it. */
  readonly by: string;
}

/** Who has written which fields of an object, as of a text of its file. */
export interface FieldNote {
  readonly kind: WrittenKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** SHA-256 of the whole file. */
  readonly contentHash: string;
  readonly notes: FieldNotes;
}

/** What the controller offers to the API server: read everything, ask "what if", and the few verbs that are not files. */
export interface ControlPlane {
  readonly store: Store;
  readonly events: View<EventObject>;
  readonly gpus: View<GpuRecord>;
  readonly images: RefreshedView<ImageRecord>;
  /** Removes what this ds01 has built and nothing uses. UnreachableError while it is not known what is used. */
  pruneImages(request: ImagePruning): Promise<ImagePruneOutcome>;
  presets(): readonly PresetRecord[];
  readonly sources: View<SourceRecord>;
  readonly branches: BranchPushes;
  /** Looks for a newer revision of a source now, if it is one of Git; ConflictError while it is suspended. */
  syncSource(name: string): Promise<void>;
  /** Leaves a Git source as it is until it is resumed; NotFoundError, or InvalidError for a directory. */
  suspendSource(request: {
    readonly source: string;
    /** Null: nothing was said. */
    readonly reason: string | null;
    readonly by: string;
  }): Promise<void>;
  /** Takes that back; NotFoundError where it is not suspended. */
  resumeSource(source: string, by: string): Promise<void>;
  readonly questions: Questions;
  readonly adoptions: Adoptions;
  describe(namespace: string, name: string): ContainerDescription | undefined;
  /** Text as it would stand in `path`; nothing is changed. */
  preview(text: string, path: string): Promise<Preview>;
  /** Docker id of the container that now stands for the object; undefined when there is none. */
  containerId(namespace: string, name: string): string | undefined;
  /** The end of the log of a container that is gone; undefined when none was kept. */
  keptLog(namespace: string, name: string): KeptLogText | undefined;
  /** What the last build of the object's image wrote; undefined where there was none since the controller started. */
  buildLog(
    namespace: string,
    name: string,
    options: { readonly follow: boolean; readonly tail: number | null },
  ): Readable | undefined;
  health(): readonly HealthCheck[];
  /** Deletions that the prune guard holds back. */
  blockedPrunes(): readonly BlockedPrune[];
  /** The object's file is about to go by its caller, or gone: its deletion needs no guard and no waiting. */
  expectRemoval(kind: WrittenKind, namespace: string, name: string, actor: string): void;
  /** Lets a blocked set through; NotFoundError when the token, or revision, names none. */
  confirmPrune(word: string, actor: string): Promise<void>;
  /** Notes this with the object from the moment on in which its file has that text; resolves at once, or when it is durable. */
  noteFields(note: FieldNote): Promise<void>;
  /** The text of such a note could not be written. */
  takeBackFields(note: FieldNote): void;
  /**
   * Takes a device out of scheduling or gives it back, durably; `gpu` is its slot or UUID. The Gpu afterwards, or
   * undefined when there is none of that name.
   */
  setSchedulable(gpu: string, change: SchedulingChange): Promise<GpuRecord | undefined>;
  /** What was deleted and can be brought back, the newest first. */
  deletedObjects(): readonly DeletedObject[];
  /** What admins have stopped at once. */
  emergencyStops(): readonly EmergencyStopLine[];
  /** Stops at once, and keeps stopped, what a user has (null: everybody). */
  emergencyStop(request: {
    readonly user: string | null;
    readonly reason: string;
    readonly by: string;
  }): Promise<void>;
  /** Takes it back; NotFoundError where there is none. */
  resume(user: string | null, by: string): Promise<void>;
  /**
   * Stops for a while what Git declares, whatever Git says; resolves with its end (milliseconds since the epoch).
   * InvalidError for what does not come from Git and for other times than `overrideBounds`.
   */
  overrideStop(request: {
    readonly namespace: string;
    readonly name: string;
    readonly forMs: number;
    /** Null: nothing was said. */
    readonly reason: string | null;
    readonly by: string;
  }): Promise<number>;
  /** Ends that before its time; NotFoundError where there is none. */
  endOverride(namespace: string, name: string, by: string): Promise<void>;
  /** Leaves a container alone for so long however idle it is; resolves with the end (milliseconds since the epoch), null: none. */
  keepAlive(request: {
    readonly namespace: string;
    readonly name: string;
    readonly forMs: number;
    readonly by: string;
  }): Promise<number | null>;
  /** Lets what was stopped for idleness run again; ConflictError for what ended otherwise. */
  startAgain(namespace: string, name: string): Promise<void>;
  /** Rescans specs and engine now; resolves when done. GPUs are looked at when one is given away, and regularly. */
  resync(): Promise<void>;
}
