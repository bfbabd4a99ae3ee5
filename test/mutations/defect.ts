import { createHash } from "node:crypto";

/** Text of a source file, and what takes its place. */
export interface Change {
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A fault that is planted on purpose, to see that something finds it. */
export interface Defect {
  readonly name: string;
  /** What is no longer so. */
  readonly breaks: string;
  /** From the root of the project. */
  readonly file: string;
  readonly changes: readonly Change[];
  /** Tests without an engine that find it; empty: the simulation is to. */
  readonly tests: readonly string[];
}

/** The text with the fault in it; throws when what is to be replaced is not there once. */
export function planted({ name, file, changes }: Defect, text: string): string {
  return changes.reduce((before, { find, replace }) => {
    const parts = before.split(find);
    if (parts.length !== 2)
      throw new Error(`${name}: ${file} has ${parts.length - 1} times, in place of once: ${find}`);
    return parts.join(replace);
  }, text);
}

/** Changes when what is planted does. */
export function fingerprint({ file, changes }: Defect): string {
  const text = JSON.stringify([file, changes.map(({ find, replace }) => [find, replace])]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
