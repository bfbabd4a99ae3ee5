import type { LeftOut, Note } from "../../api/import-note.ts";
import { wrapped } from "../../api/wrap-text.ts";
import { oneLine } from "../terminal.ts";

const headings: readonly (readonly [LeftOut["standing"], string])[] = [
  ["none", "Left out, for ds01 has no counterpart:"],
  ["elsewhere", "Left out, for ds01 has it in another place:"],
  ["same", "Left out, for ds01 does so anyway:"],
  ["dead", "Left out, for the scripts did not read it either:"],
];

/** What an import leaves out, each reason once with the places it is about, and what is not as it was. */
export function renderImportNotes(notes: readonly Note[]): string {
  const leftOut = notes.filter((note) => note.kind === "left-out");
  const changed = notes.filter((note) => note.kind === "changed");
  const parts = headings.flatMap(([standing, heading]) => {
    const own = leftOut.filter((note) => note.standing === standing);
    return own.length === 0 ? [] : [heading, ...reasonParts(own)];
  });
  if (changed.length > 0) parts.push(`Not as it was:\n${changed.map(changedText).join("")}`);
  return parts.join("\n");
}

function reasonParts(notes: readonly LeftOut[]): readonly string[] {
  const byReason = new Map<string, LeftOut[]>();
  for (const note of notes) byReason.set(note.why, [...(byReason.get(note.why) ?? []), note]);
  return [...byReason].map(
    ([why, about]) =>
      `${wrapped(why, 2)}\n${about.map((note) => `    ${placeOf(note)}${detailOf(note)}\n`).join("")}`,
  );
}

function changedText(note: Note & { readonly kind: "changed" }): string {
  return `  ${placeOf(note)}: ${oneLine(note.message)}\n`;
}

function placeOf({ file, position, field }: Note): string {
  return oneLine(`${file}:${position.line}:${position.column}${field === "" ? "" : `: ${field}`}`);
}

function detailOf({ detail }: LeftOut): string {
  return detail === "" ? "" : `: ${oneLine(detail)}`;
}
