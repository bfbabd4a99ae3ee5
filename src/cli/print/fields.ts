import { colourOf, printable } from "../terminal.ts";
import type { Paint } from "../terminal.ts";

/** A title and its lines; a field without lines is not shown. With `paint` the first word gets its colour. */
export type Field = readonly [title: string, lines: readonly string[], paint?: Paint];

const indent = 13;

/** `Title:       line`, further lines below the first. */
export function renderFields(fields: readonly Field[]): string {
  return fields.map(renderField).join("");
}

function renderField([title, lines, paint]: Field): string {
  const plain = lines.flatMap((line) => printable(line).split("\n"));
  const shown = paint === undefined ? plain : plain.map((line) => paintFirstWord(line, paint));
  const heads = [`${title}:`.padEnd(indent), ...shown.slice(1).map(() => " ".repeat(indent))];
  return shown.map((line, index) => `${heads[index] ?? ""}${line}\n`).join("");
}

function paintFirstWord(line: string, paint: Paint): string {
  return line.replace(/^\w+/, (word) => {
    const colour = colourOf(word);
    return colour === undefined ? word : paint(colour, word);
  });
}
