import type { Position } from "../problem.ts";
import { topics } from "./topics.ts";
import type { Standing, Topic } from "./topics.ts";

/** Something about a file of the scripts that its reader must know; nothing of it is an error. */
export type Note = LeftOut | Changed;

/** What a note is about. */
export interface NotePlace {
  readonly file: string;
  readonly position: Position;
  /** `groups.student.max_tasks`; empty for a whole file. */
  readonly field: string;
}

/** A key that no field of a QuotaSpec stands for. */
export interface LeftOut extends NotePlace {
  readonly kind: "left-out";
  readonly standing: Standing;
  /** Why, and what to do instead: a sentence or two that fit every key of this kind. */
  readonly why: string;
  /** What is written there, where that is short, or what was probably meant. */
  readonly detail: string;
}

/** A limit that is not quite what it was. */
export interface Changed extends NotePlace {
  readonly kind: "changed";
  readonly message: string;
}

/** A note that something becomes nothing. */
export function leftOut(place: NotePlace, topic: Topic, detail: string): LeftOut {
  const { file, position, field } = place;
  const { standing, text } = topics[topic];
  return { kind: "left-out", file, position, field, standing, why: text, detail };
}
