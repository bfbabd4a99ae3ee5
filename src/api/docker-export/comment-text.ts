import { wrapped } from "../wrap-text.ts";

/** A sentence as lines of comment; whatever stands in it, none of it leaves the comment. */
export function commentText(sentence: string): string {
  const lines = wrapped(sentence.replaceAll(/\s+/g, " "), 0).split("\n");
  return lines.map((line) => `# ${line}\n`).join("");
}
