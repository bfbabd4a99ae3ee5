import type { InvolvedObject } from "../api/event.ts";

/** One happening, before it is folded with its likes. */
export interface Happening {
  readonly type: "Normal" | "Warning";
  /** CamelCase, stable. */
  readonly reason: string;
  readonly message: string;
  readonly about: InvolvedObject;
}

/** Where the controller says what it did and why (I4). */
export interface EventSink {
  record(happening: Happening): void;
}
