import type { Note } from "../api/import-note.ts";
import type { Problem } from "../api/problem.ts";
import { renderProblems } from "../api/render-problems.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { renderImportNotes } from "./print/import-notes.ts";
import { printable } from "./terminal.ts";
import { writeNewFiles } from "./write-new-files.ts";

/** What an import came to. */
export interface ImportResult {
  readonly documents: readonly { readonly name: string; readonly text: string }[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  /** The texts that problems point into. */
  readonly sources: readonly { readonly path: string; readonly text: string }[];
  /** What a document is called, and what is left out: `quota`, `key`. */
  readonly words: { readonly document: string; readonly part: string };
}

/** Where the documents go; standard output without a directory. */
export interface ImportTarget {
  readonly directory: string | undefined;
  readonly force: boolean;
}

/** Shows what is wrong, or writes the documents and tells what is left out. Returns the exit code. */
export async function reportImport(
  { documents, problems, notes, sources, words }: ImportResult,
  { directory, force }: ImportTarget,
  context: Context,
): Promise<number> {
  if (problems.length > 0) {
    for (const { path, text } of sources) {
      const own = problems.filter((problem) => problem.file === path);
      if (own.length > 0) context.tell(printable(renderProblems(own, text)));
    }
    context.tell(`${counted(problems.length, "error")}; nothing was made of it`);
    return exitCodes.usage;
  }
  if (directory === undefined) context.print(documents.map(({ text }) => text).join("---\n"));
  else {
    const written = documents.map(({ name, text }) => ({ name: `${name}.yaml`, text }));
    for (const path of await writeNewFiles(directory, written, force)) context.print(`${path}\n`);
  }
  if (notes.length > 0) context.tell(renderImportNotes(notes));
  const leftOut = notes.filter((note) => note.kind === "left-out").length;
  const changed = notes.length - leftOut;
  context.tell(
    `${counted(documents.length, words.document)}, ${counted(leftOut, words.part)} left out, ${changed} not as it was`,
  );
  return exitCodes.done;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
