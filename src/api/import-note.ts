import type { Position } from "./problem.ts";

/** Where something that is left out stands with ds01, in the order in which people are told. */
export type Standing = "none" | "elsewhere" | "same" | "dead";

/** Something about what is imported that its reader must know; nothing of it is an error. */
export type Note = LeftOut | Changed;

/** What a note is about. */
export interface NotePlace {
  readonly file: string;
  readonly position: Position;
  /** `groups.student.max_tasks`, `--link`; empty for a whole file. */
  readonly field: string;
}

/** Something that no field of ds01 stands for. */
export interface LeftOut extends NotePlace {
  readonly kind: "left-out";
  readonly standing: Standing;
  /** Why, and what to do instead: a sentence or two that fit everything of this kind. */
  readonly why: string;
  /** What is written there, where that is short, or what was probably meant. */
  readonly detail: string;
}

/** Something that is not quite what it was. */
export interface Changed extends NotePlace {
  readonly kind: "changed";
  readonly message: string;
}
