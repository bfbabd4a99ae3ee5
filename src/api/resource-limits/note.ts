import type { LeftOut, NotePlace } from "../import-note.ts";
import { topics } from "./topics.ts";
import type { Topic } from "./topics.ts";

/** A note that something becomes nothing. */
export function leftOut(place: NotePlace, topic: Topic, detail: string): LeftOut {
  const { file, position, field } = place;
  const { standing, text } = topics[topic];
  return { kind: "left-out", file, position, field, standing, why: text, detail };
}
