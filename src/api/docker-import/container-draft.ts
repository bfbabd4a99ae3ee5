import type { z } from "zod";
import type { ContainerSpecSpec } from "../container.ts";
import type { LeftOut, Note, NotePlace } from "../import-note.ts";
import type { Problem } from "../problem.ts";
import { topics } from "./topics.ts";
import type { Topic } from "./topics.ts";

/** Where a person wrote something: a flag of a command line, a key of a file. */
export interface Origin extends NotePlace {
  /** In characters, for the caret line. */
  readonly length: number;
}

/** `spec` as a person writes it, field by field. */
export type WrittenSpec = {
  -readonly [Field in keyof z.input<typeof ContainerSpecSpec>]?: z.input<typeof ContainerSpecSpec>[Field];
};

/** Which GPUs somebody asked Docker for: all, a number, or some by name. */
export interface GpuWish {
  readonly origin: Origin;
  readonly devices: "all" | number | readonly string[];
  /** See `ContainerDraft.layer`; 0 where there is only one. */
  readonly layer?: number;
}

/** A ContainerSpec in the making: what is known of it, where each field comes from, and what becomes nothing. */
export class ContainerDraft {
  name: string | null = null;
  readonly spec: WrittenSpec = {};
  readonly labels = new Map<string, string>();
  readonly environment = new Map<string, { readonly value: string; readonly origin: Origin }>();
  /** In the order of the text: the first one of the last layer counts. */
  readonly gpuWishes: GpuWish[] = [];
  /** The runtime that was asked for, which may be one that passes GPUs in. */
  runtime: { readonly name: string; readonly origin: Origin } | null = null;
  /** What `NVIDIA_VISIBLE_DEVICES` names. */
  visibleDevices: GpuWish | null = null;
  /** `--memory-swap`, to be seen beside the memory. */
  swap: { readonly text: string; readonly origin: Origin } | null = null;
  /** Time on CPUs (microseconds) in a period (microseconds); the two say how many CPUs. */
  readonly cpuTime: { quota?: { readonly us: number; readonly origin: Origin }; periodUs: number } = {
    periodUs: 100_000,
  };
  /** CDI devices, TPU nodes and the like, by kind. */
  readonly accelerators = new Map<string, { count: number; readonly origin: Origin }>();
  /** What the image is built from, an absolute path, and where it says something that ds01 cannot build. */
  readonly build: { context?: { readonly path: string; readonly origin: Origin }; unmapped?: Origin } = {};
  /** Services that must have completed before. */
  readonly dependencies: { readonly service: string; readonly origin: Origin }[] = [];
  /** Counts up where something begins that may replace what was said before, as a service that extends another. */
  layer = 0;
  /** By place in the container: the layer that mounts something there. */
  readonly mountLayers = new Map<string, number>();
  readonly problems: Problem[] = [];
  readonly notes: Note[] = [];
  readonly comments = new Map<string, string>();
  readonly origins = new Map<string, Origin>();
  /** Where the whole of it was written. */
  readonly origin: Origin;

  constructor(origin: Origin) {
    this.origin = origin;
  }

  /** Remembers where a field (`spec.resources.memory`) comes from, and what is to be said beside it. */
  mark(field: string, origin: Origin, comment?: string): void {
    this.origins.set(field, origin);
    if (comment !== undefined) this.comments.set(field, comment);
  }

  /** Something that is wrong. */
  problem({ file, position, length, field }: Origin, message: string): void {
    this.problems.push({ file, position, length, field, message });
  }

  /** Something that no field stands for; `detail` must hold no value of a variable. */
  leaveOut({ file, position, field }: NotePlace, topic: Topic, detail = ""): void {
    const { standing, text } = topics[topic];
    const note: LeftOut = { kind: "left-out", file, position, field, standing, why: text, detail };
    this.notes.push(note);
  }

  /** Something that is not quite what it was. */
  changed({ file, position, field }: NotePlace, message: string): void {
    this.notes.push({ kind: "changed", file, position, field, message });
  }
}
