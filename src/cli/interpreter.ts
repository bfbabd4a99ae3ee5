import { posix } from "node:path";
import { UsageError } from "./usage-error.ts";

/** What runs files of a suffix; the first that the container has. */
const interpreters: Readonly<Record<string, readonly string[]>> = {
  ".py": ["python3", "python"],
  ".sh": ["bash", "sh"],
  ".bash": ["bash"],
  ".R": ["Rscript"],
  ".r": ["Rscript"],
  ".jl": ["julia"],
  ".js": ["node"],
  ".mjs": ["node"],
  ".pl": ["perl"],
  ".rb": ["ruby"],
  ".lua": ["lua"],
};

/** How a file is run: by the words of its first line, or by the first program of several that is there. */
export type Interpreter =
  | { readonly by: "shebang"; readonly words: readonly string[] }
  | { readonly by: "suffix"; readonly programs: readonly string[] };

/** Chooses by the first line (`#!`), then by the suffix; UsageError where neither says how. */
export function interpreterOf(name: string, beginning: string): Interpreter {
  const [, line] = /^#!\s*([^\n]+)/.exec(beginning) ?? [];
  if (line !== undefined) {
    // The kernel hands on everything behind the program as one word; `env -S` takes it apart.
    const [, program = "", argument = ""] = /^(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
    return { by: "shebang", words: argument === "" ? [program] : [program, argument] };
  }
  const programs = interpreters[posix.extname(name)];
  if (programs !== undefined) return { by: "suffix", programs };
  throw new UsageError(
    `${name} does not say how it is run: it has no #! line, and its suffix is none of ${Object.keys(interpreters).join(", ")}`,
    "Put a line such as #!/usr/bin/env python3 at its beginning.",
  );
}
