import { interpolate } from "./interpolate.ts";
import type { Lookup } from "./interpolate.ts";

/** One assignment of a `.env` file; without a value where only the name stands there. */
export interface DotenvEntry {
  readonly name: string;
  readonly value: string | null;
  /** Counted from 1. */
  readonly line: number;
}

/** What a `.env` file says, and the lines that say nothing that can be understood. */
export interface Dotenv {
  readonly entries: readonly DotenvEntry[];
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

const assignment =
  /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:[=:][ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[^])*)"|((?!['"])[^\n]*?))?)?[ \t]*(?:[ \t]#[^\n]*)?(?:\n|$)/y;
const nothing = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;

/**
 * Reads a `.env` file as Compose does: `NAME=value`, an optional `export`, comments behind a space, single quotes for
 * text as it is, double quotes with escapes; variables are put in except in single quotes.
 */
export function readDotenv(written: string, lookup: Lookup): Dotenv {
  const text = written.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const entries: DotenvEntry[] = [];
  const faults: { line: number; message: string }[] = [];
  const known = new Map<string, string>();
  const own: Lookup = (name) => lookup(name) ?? known.get(name);
  for (let offset = 0; offset < text.length;) {
    const line = text.slice(0, offset).split("\n").length;
    nothing.lastIndex = offset;
    assignment.lastIndex = offset;
    const match = nothing.test(text) ? null : assignment.exec(text);
    if (match !== null) {
      offset = assignment.lastIndex;
      const entry = entryOf(match, own);
      if ("wrong" in entry) faults.push({ line, message: entry.wrong });
      else {
        entries.push({ ...entry, line });
        if (entry.value !== null) known.set(entry.name, entry.value);
      }
    } else if (nothing.lastIndex > offset) offset = nothing.lastIndex;
    else {
      faults.push({ line, message: "is not NAME=value; is a quote not closed?" });
      const end = text.indexOf("\n", offset);
      offset = end === -1 ? text.length : end + 1;
    }
  }
  return { entries, faults };
}

function entryOf(
  match: RegExpExecArray,
  lookup: Lookup,
): { readonly name: string; readonly value: string | null } | { readonly wrong: string } {
  const [whole, name = "", single, double, bare] = match;
  if (!/[=:]/.test(whole.slice(whole.indexOf(name) + name.length))) return { name, value: null };
  if (single !== undefined) return { name, value: single };
  const raw = double === undefined ? (bare ?? "").trim() : unescaped(double);
  const result = interpolate(raw, lookup);
  return "wrong" in result ? result : { name, value: result.text };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, (_whole, character: string) =>
    character === "$" ? "$$" : (escapes[character] ?? character),
  );
}
